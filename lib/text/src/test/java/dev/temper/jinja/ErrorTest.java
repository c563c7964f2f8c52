package dev.temper.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.temper.jinja.TemplateException.Kind;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ErrorTest {
    @ParameterizedTest
    @CsvSource(
            delimiterString = " => ",
            quoteCharacter = '`',
            textBlock =
                    """
                    {{ x => line 1, column 5: unexpected end of template, expected '}}'
                    a\\n{% if x => line 2, column 8: unexpected end of template, expected '%}'
                    {% if x %}a => line 1, column 12: unexpected end of template, expected elif or else or endif
                    {{ 1 + }} => line 1, column 8: unexpected 'end of print statement'
                    {{ (1 }} => line 1, column 7: unexpected '}', expected ')'
                    {{ 'a }} => line 1, column 4: this string is never closed
                    {{ a ! b }} => line 1, column 6: unexpected char '!'
                    {{ }} => line 1, column 4: expected an expression, got 'end of print statement'
                    {# x => line 1, column 1: missing end of comment tag
                    {% for x of y %}{% endfor %} => line 1, column 10: expected 'in', got 'of'
                    {% set 1 = 2 %} => line 1, column 8: expected a name, got '1'
                    {% set true = 2 %} => line 1, column 8: cannot assign to 'true'
                    {% nope %} => line 1, column 4: encountered unknown tag 'nope'
                    {% endif %} => line 1, column 4: encountered unknown tag 'endif'
                    {% break %} => line 1, column 4: 'break' outside loop
                    é\\n {{ x|uper }} => line 2, column 7: no filter named 'uper', the nearest is 'upper'
                    {{ x is defind }} => line 1, column 9: no test named 'defind', the nearest is 'defined'
                    {{ x|pprint }} => line 1, column 6: the filter 'pprint' is not supported
                    {{ f(a=1, 2) }} => line 1, column 5: invalid syntax for function call expression
                    {{ '\\\\xZ' }} => line 1, column 5: this escape needs 2 hexadecimal digits of a character
                    """)
    void syntaxErrorsNameTheirPlace(String template, String message) {
        TemplateException e = failure(template.replace("\\n", "\n").replace("\\\\", "\\"));
        assertThat(e).hasMessage(message);
        assertThat(e.kind()).isEqualTo(Kind.SYNTAX);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "include 'a'",
                "extends 'a'",
                "import 'a' as b",
                "from 'a' import b",
                "block a",
                "autoescape true",
                "do x"
            })
    void tagsForSeveralFilesAreRefusedByName(String tag) {
        TemplateException e = failure("a\n{% " + tag + " %}");
        String name = tag.split(" ", 2)[0];
        assertThat(e).hasMessage("line 2, column 4: the tag '" + name + "' is not supported in chat templates");
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = " => ",
            quoteCharacter = '`',
            textBlock =
                    """
                    {{ raise_exception('no ' ~ 1) }} => RAISED => 1 => 19 => no 1
                    \\n {{ x.y }} => UNDEFINED => 2 => 6 => 'x' is undefined
                    {{ x() }} => UNDEFINED => 1 => 5 => 'x' is undefined
                    {{ x + 1 }} => UNDEFINED => 1 => 6 => 'x' is undefined
                    {{ {}.a.b }} => UNDEFINED => 1 => 8 => 'dict object' has no attribute 'a'
                    {{ none.a.b }} => UNDEFINED => 1 => 10 => 'None' has no attribute 'a'
                    {{ 'a' + 1 }} => TYPE => 1 => 8 => can only concatenate str (not "int") to str
                    {{ [1] < 2 }} => TYPE => 1 => 4 => '<' not supported between instances of 'list' and 'int'
                    {{ 1 / 0 }} => TYPE => 1 => 6 => division by zero
                    {% for a, b in [1] %}{% endfor %} => TYPE => 1 => 1 => 'int' object is not iterable
                    {{ ''.zfill(x=1) }} => TYPE => 1 => 12 => zfill() got an unexpected keyword argument 'x'
                    {{ 'a'|join(x=1) }} => TYPE => 1 => 8 => join() got an unexpected keyword argument 'x'
                    {{ {[1]: 2} }} => TYPE => 1 => 1 => unhashable type: 'list'
                    {% set x.y = 1 %} => TYPE => 1 => 1 => cannot assign attribute on non-namespace object
                    {{ 'a,b'|map('nope')|list }} => TYPE => 1 => 22 => no filter named 'nope'
                    """)
    void failuresNameTheirPlace(String template, Kind kind, int line, int column, String reason) {
        TemplateException e = failure(template.replace("\\n", "\n"));
        assertThat(e.reason()).isEqualTo(reason);
        assertThat(e.kind()).isEqualTo(kind);
        assertThat(e).hasMessage("line " + line + ", column " + column + ": " + reason);
        assertThat(new int[] {e.line(), e.column()}).containsExactly(line, column);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = " => ",
            quoteCharacter = '`',
            textBlock =
                    """
                    {{ [].append(1) }} => append => list
                    {{ {}.update({}) }} => update => dict
                    {{ x.__class__.__mro__ }} => __class__ => dict
                    {{ ''['__class__'].x }} => __class__ => str
                    {{ (1|attr('__class__')).x }} => __class__ => int
                    {{ '{0.__class__.x}'.format(1) }} => __class__ => int
                    {{ x|map(attribute='__len__.x')|list }} => __len__ => str
                    """)
    void theSandboxRefuses(String template, String attribute, String type) {
        TemplateException e = catchThrowableOfType(
                TemplateException.class, () -> Template.parse(template).render(Map.of("x", Map.of("k", "v"))));
        assertThat(e.kind()).isEqualTo(Kind.SECURITY);
        assertThat(e.reason()).isEqualTo("access to attribute '" + attribute + "' of '" + type + "' object is unsafe.");
    }

    @Test
    void foreignObjectsAreRefused() {
        TemplateException e = catchThrowableOfType(TemplateException.class, () -> Template.parse("{{ x }}")
                .render(Map.of("x", Map.of("y", new StringBuilder()))));
        assertThat(e).hasMessageContaining("variable 'x' holds a java.lang.StringBuilder");
    }

    @Test
    void generationInsideAMacroHasNoPlace() {
        Template template =
                Template.parse("{% macro m() %}{% generation %}x{% endgeneration %}{% endmacro %}a{{ m() }}");
        assertThat(template.render(Map.of())).isEqualTo("ax");
        TemplateException e = catchThrowableOfType(TemplateException.class, () -> template.renderWithSpans(Map.of()));
        assertThat(e).hasMessageContaining("has no known place");
    }

    private static TemplateException failure(String template) {
        TemplateException e = catchThrowableOfType(
                TemplateException.class, () -> Template.parse(template).render(Map.of()));
        assertThat(e).as(template).isNotNull();
        return e;
    }
}
