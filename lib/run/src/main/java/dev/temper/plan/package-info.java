/** How much memory and time a run needs, known before it begins. */
package dev.temper.plan;
