/** The command line; the only package that prints, asks the environment or ends the process. */
package dev.temper.jobs;
