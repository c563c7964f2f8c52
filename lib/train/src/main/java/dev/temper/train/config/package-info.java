/** What a recipe says of the training, checked. */
package dev.temper.train.config;
