/** Low-rank updates beside frozen projections, in PEFT's file format. */
package dev.temper.adapter;
