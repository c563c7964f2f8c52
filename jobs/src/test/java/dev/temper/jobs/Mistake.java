package dev.temper.jobs;

/**
 * A mistake of a user and what it is answered with.
 *
 * @param damage what is broken
 * @param says the message; {@code @} is the folder of the setup
 * @param overrides of the recipe
 */
record Mistake(String name, Damage damage, String says, String... overrides) {
    /** A mistake in the recipe alone. */
    static Mistake with(String name, String says, String... overrides) {
        return new Mistake(name, folder -> {}, says, overrides);
    }

    @Override
    public String toString() {
        return name;
    }
}
