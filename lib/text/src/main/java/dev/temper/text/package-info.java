/** Text to tokens and labels. */
package dev.temper.text;
