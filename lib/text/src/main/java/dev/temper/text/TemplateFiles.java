package dev.temper.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.storage.UntrustedFile;
import dev.temper.text.ChatFormat.TokenizerFiles;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Chat templates in separate files, as transformers reads and writes them next to a tokenizer. */
public final class TemplateFiles {
    /** Folder of the named templates besides the default one. */
    public static final String FOLDER = "additional_chat_templates";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DEFAULT = "chat_template.jinja";
    private static final String CONFIG = "tokenizer_config.json";
    private static final String ENDING = ".jinja";

    private TemplateFiles() {}

    /** The templates by name. If there are any, those in tokenizer_config.json are ignored. */
    static Map<String, String> read(Folder tokenizer) throws IOException {
        Map<String, String> templates = new HashMap<>();
        if (tokenizer.bytes(DEFAULT).isPresent()) {
            templates.put(ChatFormat.DEFAULT, UntrustedFile.text(tokenizer, DEFAULT));
        }
        for (Store.Entry entry : tokenizer.child(FOLDER).list()) {
            String name = entry.name();
            if (!entry.isFolder() && name.endsWith(ENDING)) {
                templates.put(
                        name.substring(0, name.length() - ENDING.length()),
                        UntrustedFile.text(tokenizer, FOLDER + "/" + name));
            }
        }
        return templates;
    }

    /** Whether a folder has any. */
    public static boolean areIn(Folder folder) throws IOException {
        return !read(folder).isEmpty();
    }

    /** Replaces all templates of a tokenizer's folder by those of another folder. */
    public static void copy(Folder from, Folder tokenizer) throws IOException {
        write(tokenizer, read(from));
    }

    /**
     * Replaces all templates of a tokenizer's folder by those of a format.
     *
     * @param variables with which rows were rendered; they become defaults inside the templates, so that rendering
     *     without them gives the text that was trained on
     */
    public static void write(Folder tokenizer, ChatFormat format, Map<String, Object> variables) throws IOException {
        Set<String> special = TokenizerConfig.of(TokenizerFiles.read(tokenizer))
                .specialTokens()
                .keySet();
        Map<String, String> templates = new HashMap<>();
        format.templates()
                .forEach((name, text) -> templates.put(name, new TemplateVariables(variables).head(special) + text));
        write(tokenizer, templates);
    }

    /** Removes all templates from a tokenizer's folder. */
    public static void remove(Folder tokenizer) throws IOException {
        write(tokenizer, Map.of());
    }

    private static void write(Folder tokenizer, Map<String, String> templates) throws IOException {
        tokenizer.delete(FOLDER);
        tokenizer.delete(DEFAULT);
        for (Map.Entry<String, String> template : templates.entrySet()) {
            boolean isDefault = template.getKey().equals(ChatFormat.DEFAULT);
            tokenizer.writeText(isDefault ? DEFAULT : FOLDER + "/" + template.getKey() + ENDING, template.getValue());
        }
        JsonNode config =
                tokenizer.has(CONFIG) ? JSON.readTree(UntrustedFile.text(tokenizer, CONFIG)) : JSON.createObjectNode();
        if (config.has("chat_template")) { // programs that read only this file would use an outdated template
            ((ObjectNode) config).remove("chat_template");
            tokenizer.writeText(CONFIG, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config) + "\n");
        }
    }
}
