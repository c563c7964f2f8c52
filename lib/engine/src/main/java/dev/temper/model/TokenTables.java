package dev.temper.model;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The frozen embedding and output head of a network: what of them is not that of the base's files. */
public final class TokenTables {
    private final Workspace workspace;
    private final StoredModel stored;
    private final LayerWeights shared;
    private final Map<Parameter, Placement> placements;
    private final Map<Parameter, TrainedRows> trained = new HashMap<>();
    private final Set<Parameter> replaced = new HashSet<>();

    /**
     * @param shared the dictionary of what lies outside the layers
     * @param placements of the network
     */
    TokenTables(Workspace workspace, StoredModel stored, LayerWeights shared, Map<Parameter, Placement> placements) {
        this.workspace = workspace;
        this.stored = stored;
        this.shared = shared;
        this.placements = placements;
    }

    /** A table with rows for tokens that the base does not have, in memory of its own. */
    public record Grown(NDArray matrix, FloatType type) {}

    /** Empty for a table that has only the base's rows. */
    public Optional<Grown> grown(Parameter table) {
        return stored.isGrown(table)
                ? Optional.of(
                        new Grown(shared.get(table.key()), placements.get(table).type()))
                : Optional.empty();
    }

    /**
     * Trains some rows of a table.
     *
     * @param name of the rows among {@code parameters}
     * @param ids of the rows
     */
    public void train(Parameter table, TrainedParameters parameters, String name, int[] ids) {
        NDArray matrix = writable(table);
        int[] places = new int[Math.toIntExact(table.shape().get(0))];
        Arrays.fill(places, -1);
        for (int i = 0; i < ids.length; i++) {
            places[ids[i]] = i;
        }
        table.padding().ifPresent(row -> places[row] = -1); // looking it up teaches it nothing
        NDArray indices = workspace.ints(ids);
        NDArray originals = workspace.tensors().rows(matrix, indices);
        trained.put(table, new TrainedRows(indices, workspace.ints(places), parameters.gradient(name), originals));
        parameters.follow(name, matrix, indices);
    }

    /** The matrix under the table's key, whose rows can be written to from now on. */
    private NDArray writable(Parameter table) {
        NDArray before = shared.get(table.key());
        Placement from = placements.get(table);
        Placement to = from.withTrainedRows(stored.precision());
        NDArray matrix;
        if (replaced.contains(table)) {
            matrix = before.duplicate(); // it may be that of another file
        } else {
            matrix = to.place() == Placement.Place.MAPPED
                    ? onPages(table)
                    : workspace.tensors().cast(before, to.type());
        }
        shared.put(table.key(), matrix);
        placements.put(table, to);
        if (from.place() == Placement.Place.HELD && matrix != before) {
            before.close();
        }
        return matrix;
    }

    private NDArray onPages(Parameter table) {
        try {
            return stored.writable(workspace, table);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Puts back what the base had in the rows that are trained; {@link TrainedParameters#weightsChanged} undoes it. */
    public void putOriginals() {
        trained.forEach(
                (table, rows) -> workspace.tensors().putRows(shared.get(table.key()), rows.ids(), rows.originals()));
    }

    /** To be called when another array takes the place of a frozen table. */
    void moved(Parameter table) {
        replaced.add(table);
    }

    /** Rows that are trained of the table under a key; empty for none. */
    Optional<TrainedRows> rows(String key) {
        return trained.entrySet().stream()
                .filter(entry -> entry.getKey().key().equals(key))
                .map(Map.Entry::getValue)
                .findFirst();
    }
}
