/** BERT, DistilBERT and RoBERTa: encoders that classify. */
package dev.temper.model.bert;
