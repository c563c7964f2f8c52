/** What a run writes for people and programs: its folder, tables, scores, report and model card. */
package dev.temper.run.output;
