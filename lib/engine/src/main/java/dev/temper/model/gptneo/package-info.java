/** The GPT-Neo family. */
package dev.temper.model.gptneo;
