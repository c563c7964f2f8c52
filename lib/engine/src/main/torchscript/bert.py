# BERT, DistilBERT, RoBERTa: every token sees its whole text, norms come after the blocks, positions are learned. Where
# they differ is found in the dictionaries: token types, and the maps before the classifier.
class Bert(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  num_heads : int
  scale : float
  eps : float
  padding : int

  def places(self: __torch__.bert.Bert, ids: Tensor, positions: Tensor) -> Tensor:
    # Rows of the position table (T). RoBERTa counts the tokens of a text that are no padding, from padding + 1 on.
    if self.padding >= 0:
      counts = torch.to(torch.ne(ids, self.padding), 4)
      total = torch.cumsum(counts, 0)
      start = torch.sub(torch.arange(ids.size(0), dtype=4, layout=0, device=ids.device, pin_memory=False), positions)
      before = torch.index_select(torch.sub(total, counts), 0, start)  # of the texts before this one
      places = torch.mul(torch.sub(total, before), counts) + self.padding
    else:
      places = positions
    return places

  def embed(self: __torch__.bert.Bert, ids: Tensor, positions: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # The sum of the embeddings (1, T, D); their norm belongs to the first layer.
    x = __torch__.ops.embedding(w, "word_embeddings", ids)
    x = x + __torch__.ops.embedding(w, "position_embeddings", self.places(ids, positions))
    if "token_type_ids" in w:
      x = x + __torch__.ops.embedding(w, "token_type_embeddings", w["token_type_ids"])
    elif "token_type_embeddings.lora_embedding_A" in w:
      x = x + __torch__.ops.embedding(w, "token_type_embeddings", torch.zeros_like(ids))
    elif "token_type_embeddings" in w:
      x = x + torch.to(w["token_type_embeddings"][0], x.dtype)
    return torch.unsqueeze(__torch__.ops.noisy(x, w), 0)

  def embed_backward(self: __torch__.bert.Bert, ids: Tensor, positions: Tensor, gx: Tensor, g: Dict[str, Tensor]) -> Tensor:
    rows = torch.squeeze(gx, 0)
    if "position_embeddings" in g:
      _0 = __torch__.ops.looked_up(g, "position_embeddings", self.places(ids, positions), rows)
    if "token_type_embeddings" in g:
      if "token_type_ids" in g:
        _1 = __torch__.ops.looked_up(g, "token_type_embeddings", g["token_type_ids"], rows)
      else:
        _2 = torch.add_(g["token_type_embeddings"][0], torch.sum(rows, [0]))
    return __torch__.ops.looked_up(g, "word_embeddings", ids, rows)

  def norm(self: __torch__.bert.Bert, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
    return __torch__.ops.layer_norm(x, w, name, self.eps)

  def layer(self: __torch__.bert.Bert, x: Tensor, rotary: Tensor, segments: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # x (1, T, D), segments (S + 1) int64 -> (1, T, D), or (1, S, D) when one token of each text is kept; rotary is not
    # used
    if "embedding_norm" in w:
      x = __torch__.ops.dropped(self.norm(x, w, "embedding_norm"), w, "embedding")
    y = x
    if "kept" in w:
      y = torch.index_select(x, 1, w["kept"])
    q = __torch__.ops.heads(__torch__.ops.linear(y, w, "query"), self.num_heads)  # (1, H, T, E)
    k = __torch__.ops.heads(__torch__.ops.linear(x, w, "key"), self.num_heads)
    v = __torch__.ops.heads(__torch__.ops.linear(x, w, "value"), self.num_heads)
    o = __torch__.ops.attention(q, k, v, segments, self.scale, 0.0, w)
    o = __torch__.ops.linear(o, w, "attention_output")
    y = self.norm(y + __torch__.ops.dropped(o, w, "attention_sum"), w, "attention_norm")
    h = torch.gelu(__torch__.ops.linear(y, w, "up"), approximate="none")  # (1, T, F)
    h = __torch__.ops.linear(h, w, "down")
    return self.norm(y + __torch__.ops.dropped(h, w, "output_sum"), w, "output_norm")

  def classify(self: __torch__.bert.Bert, x: Tensor, keep: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # The kept position of each document: x (1, T, D), keep (S) int64 -> (S, C). BERT pools, DistilBERT has a map with
    # ReLU, RoBERTa one with tanh and dropout before it too.
    h = torch.to(torch.index_select(x, 1, keep), 6)  # (1, S, D)
    if __torch__.ops.has(w, "pooler"):
      h = torch.tanh(__torch__.ops.linear(h, w, "pooler"))
    elif "pre_classifier" in w:
      h = torch.relu(__torch__.ops.linear(h, w, "pre_classifier"))
    else:
      h = torch.tanh(__torch__.ops.linear(__torch__.ops.dropped(h, w, "pooled"), w, "dense"))
    h = __torch__.ops.linear(__torch__.ops.dropped(h, w, "classified"), w, "classifier")
    return torch.squeeze(h, 0)
