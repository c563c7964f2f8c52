/** The GPT-2 family. */
package dev.temper.model.gpt2;
