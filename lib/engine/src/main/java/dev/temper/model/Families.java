package dev.temper.model;

import static dev.temper.check.Check.invalid;

import java.util.ServiceLoader;
import java.util.TreeSet;

/** The families on the class path, found as services so that a new one touches its own package only. */
final class Families {
    private Families() {}

    static Architecture read(ConfigFields config) {
        String type = config.text("model_type", "(none)");
        TreeSet<String> known = new TreeSet<>();
        for (Family family : ServiceLoader.load(Family.class, Family.class.getClassLoader())) {
            if (family.modelTypes().contains(type)) {
                Architecture architecture = family.read(config);
                config.refuseOthers();
                return architecture;
            }
            known.addAll(family.modelTypes());
        }
        throw invalid("%s: model_type %s is not supported; supported are %s", config.location(), type, known);
    }
}
