package dev.temper.model;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.quant.Quantization;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/**
 * The fields of a config.json, each to be asked for: a field that no family asks for is refused by
 * {@link #refuseOthers}, since a setting that is ignored silently gives another model.
 */
public final class ConfigFields {
    private final String location;
    private final JsonNode root;
    private final Map<String, String> origins;
    private final boolean isPart;
    private final Set<String> asked = new TreeSet<>();

    private ConfigFields(ConfigTree tree) {
        this.location = tree.location();
        this.root = tree.root();
        this.origins = tree.origins();
        this.isPart = tree.isPart();
    }

    static ConfigFields read(Folder folder) throws IOException {
        return new ConfigFields(ConfigTree.read(folder));
    }

    private ConfigFields(ConfigFields parent, String name) {
        this.location = parent.place(name);
        this.root = parent.root.path(name);
        this.origins = Map.of();
        this.isPart = false;
        parent.asked.add(name);
    }

    /** Where a field stands in the file, for messages. */
    private String place(String name) {
        return location + ": " + origins.getOrDefault(name, name);
    }

    /** The fields of a nested object; without any when it is missing or null. */
    public ConfigFields object(String name) {
        return new ConfigFields(this, name);
    }

    public boolean has(String name) {
        asked.add(name);
        return root.hasNonNull(name);
    }

    /** True when the field is not there at all; for a family where null means something else. */
    public boolean isMissing(String name) {
        asked.add(name);
        return !root.has(name);
    }

    public int integer(String name) {
        asked.add(name);
        JsonNode value = root.path(name);
        check(value.canConvertToInt() && value.isIntegralNumber(), "%s must be an integer, got %s", place(name), value);
        return value.intValue();
    }

    public int integer(String name, int otherwise) {
        return has(name) ? integer(name) : otherwise;
    }

    public double number(String name) {
        asked.add(name);
        JsonNode value = root.path(name);
        check(value.isNumber(), "%s must be a number, got %s", place(name), value);
        return value.doubleValue();
    }

    public double number(String name, double otherwise) {
        return has(name) ? number(name) : otherwise;
    }

    /** A finite number above 0. */
    public double positive(String name) {
        double value = number(name);
        check(value > 0 && Double.isFinite(value), "%s must be above 0, got %s", place(name), value);
        return value;
    }

    public double positive(String name, double otherwise) {
        return has(name) ? positive(name) : otherwise;
    }

    /** A number in {@code [0, 1)}. */
    public double fraction(String name, double otherwise) {
        double value = number(name, otherwise);
        check(value >= 0 && value < 1, "%s must be in [0, 1), got %s", place(name), value);
        return value;
    }

    /** Width of a head: {@code width}, as the field of that name says it, over the heads of another field. */
    public int headSize(String widthName, int width, String headsName, int heads) {
        check(
                heads > 0 && width % heads == 0,
                "%s: %s %d must be a multiple of %s %d",
                location,
                widthName,
                width,
                headsName,
                heads);
        return width / heads;
    }

    /** True or false; false when missing. */
    public boolean isTrue(String name) {
        if (!has(name)) {
            return false;
        }
        check(root.path(name).isBoolean(), "%s must be true or false, got %s", place(name), root.path(name));
        return root.path(name).booleanValue();
    }

    public String text(String name, String otherwise) {
        return has(name) ? root.path(name).asText() : otherwise;
    }

    /** The raw value, for lists. */
    public JsonNode value(String name) {
        asked.add(name);
        return root.path(name);
    }

    /** A list of {@code count} numbers. */
    public double[] numbers(String name, int count) {
        JsonNode value = value(name);
        check(
                value.isArray() && value.size() == count && allNumbers(value),
                "%s must be a list of %d numbers, got %s",
                place(name),
                count,
                value);
        return StreamSupport.stream(value.spliterator(), false)
                .mapToDouble(JsonNode::doubleValue)
                .toArray();
    }

    private static boolean allNumbers(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false).allMatch(JsonNode::isNumber);
    }

    /**
     * Per layer, how many positions a token sees, from {@code layer_types}.
     *
     * @param window of layers that are {@code sliding_attention}; 0 all
     * @param isSliding which layers slide when the field is missing
     * @return 0 for layers that see all
     */
    public List<Integer> windows(int layers, int window, IntPredicate isSliding) {
        if (!has("layer_types")) {
            return IntStream.range(0, layers)
                    .mapToObj(layer -> isSliding.test(layer) ? window : 0)
                    .toList();
        }
        List<String> types = StreamSupport.stream(value("layer_types").spliterator(), false)
                .map(JsonNode::asText)
                .toList();
        check(
                types.size() == layers
                        && Set.of("full_attention", "sliding_attention").containsAll(types),
                "%s: layer_types must name full_attention or sliding_attention for each of the %d layers, got %s",
                location,
                layers,
                types);
        check(
                window > 0 || !types.contains("sliding_attention"),
                "%s: layer_types names sliding_attention, but there is no sliding_window",
                location);
        return types.stream()
                .map(type -> type.equals("sliding_attention") ? window : 0)
                .toList();
    }

    /** A field of which we implement one value only; missing means that value. */
    public void only(String name, Object implemented) {
        if (has(name)) {
            JsonNode value = root.path(name);
            boolean same = implemented instanceof Number number
                    ? value.isNumber() && value.doubleValue() == number.doubleValue()
                    : Objects.equals(value.asText(), String.valueOf(implemented));
            check(same, "%s: %s is not supported, only %s", place(name), value, implemented);
        }
    }

    /** The head that decoders get in transformers: a map named {@code score} of the last token that is no padding. */
    public Optional<Classifier> scoreHead(ModelTask task) {
        if (task.isCausal()) {
            return Optional.empty();
        }
        OptionalInt padToken = has("pad_token_id") ? OptionalInt.of(integer("pad_token_id")) : OptionalInt.empty();
        return Optional.of(new Classifier(task, List.of("score"), Classifier.Place.LAST, padToken));
    }

    /**
     * The row of a table that torch's {@code nn.Embedding(rows, …, padding_idx=pad_token_id)} keeps from the gradients
     * of what is looked up: a negative number counts from the end, and one that is no row is an error there, too.
     *
     * @param otherwise {@code pad_token_id} where the field is missing; null in the file means that there is none
     */
    public OptionalInt paddingRow(int rows, OptionalInt otherwise) {
        boolean isDefault = isMissing("pad_token_id");
        OptionalInt token =
                isDefault || !has("pad_token_id") ? OptionalInt.empty() : OptionalInt.of(integer("pad_token_id"));
        token = isDefault ? otherwise : token;
        if (token.isEmpty()) {
            return token;
        }
        int row = token.getAsInt();
        check(
                row >= -rows && row < rows,
                "%s: pad_token_id%s %d, which is no row of an embedding of %d: transformers does not open such a model"
                        + " either; correct it, or write null if there is no padding",
                location,
                isDefault ? " is missing, and means" : ":",
                row,
                rows);
        return OptionalInt.of(row < 0 ? row + rows : row);
    }

    /** Names of classes by index, from {@code id2label}; none when it is missing. */
    List<String> labels() {
        JsonNode names = value("id2label");
        return IntStream.range(0, names.size())
                .mapToObj(i -> names.path(String.valueOf(i)).asText("LABEL_" + i))
                .toList();
    }

    /** A value of a field that we do not implement. */
    void refuse(String name, String value) {
        check(!text(name, "").equals(value), "%s: %s: %s is not supported", location, name, value);
    }

    /** How transformers quantized the weights when it saved them; which of them, the weights' files say. */
    Optional<Quantization> quantization() {
        if (!has("quantization_config")) {
            return Optional.empty();
        }
        ConfigFields fields = object("quantization_config");
        fields.only("quant_method", "bitsandbytes");
        check(
                fields.root.path("load_in_4bit").asBoolean(),
                "%s: only load_in_4bit: true is supported",
                fields.location);
        String type = fields.text("bnb_4bit_quant_type", "fp4");
        check(type.equals("nf4"), "%s: bnb_4bit_quant_type: %s is not supported, only nf4", fields.location, type);
        boolean isDouble = fields.root.path("bnb_4bit_use_double_quant").asBoolean();
        List<String> skipped = new ArrayList<>();
        fields.root.path("llm_int8_skip_modules").forEach(name -> skipped.add(name.asText()));
        return Optional.of(new Quantization(Quantization.Type.NF4, isDouble, skipped));
    }

    /** Fields that do not matter for what a family computes. */
    public void ignore(String... names) {
        asked.addAll(Set.of(names));
    }

    /** @throws dev.temper.check.InvalidInputException when a field is set that nobody asked for */
    public void refuseOthers() {
        Iterator<Map.Entry<String, JsonNode>> fields = root.fields();
        while (fields.hasNext()) {
            Map.Entry<String, JsonNode> field = fields.next();
            String name = field.getKey();
            JsonNode value = field.getValue();
            boolean empty = value.isNull()
                    || (value.isBoolean() && !value.booleanValue())
                    || (value.isContainerNode() && value.isEmpty());
            check(
                    empty || asked.contains(name) || NeutralFields.contains(name),
                    "%s: %s is not supported, and ignoring it could give another model: name another base",
                    place(name),
                    value);
        }
    }

    /** Whether they are those of a language model inside another model. */
    boolean isPart() {
        return isPart;
    }

    /** Where the fields stand, for messages. */
    public String location() {
        return location;
    }
}
