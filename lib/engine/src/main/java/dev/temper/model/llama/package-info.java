/** The Llama family. */
package dev.temper.model.llama;
