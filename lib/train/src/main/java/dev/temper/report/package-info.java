/** What a run leaves for people: pictures, a page, a model card. It shows what it is given and measures nothing. */
package dev.temper.report;
