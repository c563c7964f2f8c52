/** The safetensors file format: headers, memory-mapped tensors, single files and shards with an index. */
package dev.temper.safetensors;
