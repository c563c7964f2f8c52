/** The command line and the recipe; the only package that knows the whole recipe or ends the process. */
package dev.temper.jobs;
