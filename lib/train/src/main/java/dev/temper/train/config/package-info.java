/** Settings of training, as a recipe gives them, validated. */
package dev.temper.train.config;
