/**
 * The Jinja that chat templates use, with Python's semantics, as transformers sets Jinja2 up: sandboxed and immutable,
 * {@code trim_blocks}, {@code lstrip_blocks}, loop controls and {@code {% generation %}} blocks. Templates are a
 * stranger's code, so every rendering runs within {@link dev.temper.jinja.Limits}.
 */
package dev.temper.jinja;
