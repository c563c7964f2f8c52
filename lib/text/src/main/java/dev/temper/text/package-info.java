/** From text to tokens and labels: row formats, chat templates, tokenizers, packing. */
package dev.temper.text;
