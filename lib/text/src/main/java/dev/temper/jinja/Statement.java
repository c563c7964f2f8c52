package dev.temper.jinja;

import java.util.List;

/** A compiled tag or text. */
interface Statement {
    /** How a statement ended. */
    enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    Flow execute(Frame frame, StringBuilder out);

    /** One statement that runs all of them, until one leaves the loop. */
    static Statement sequence(List<Statement> statements) {
        if (statements.size() == 1) {
            return statements.get(0);
        }
        Statement[] all = statements.toArray(new Statement[0]);
        return (frame, out) -> {
            for (Statement statement : all) {
                Flow flow = statement.execute(frame, out);
                if (flow != Flow.NEXT) {
                    return flow;
                }
            }
            return Flow.NEXT;
        };
    }
}
