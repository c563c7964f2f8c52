# GPT-2: LayerNorm, learned positions, one fused projection to queries, keys and values; matrices are stored (I, O).
class Gpt2(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  num_heads : int
  scale : float
  eps : float
  activation : str

  def embed(self: __torch__.gpt2.Gpt2, ids: Tensor, positions: Tensor, w: Dict[str, Tensor]) -> Tensor:
    x = __torch__.ops.embedding(w, "wte", ids) + __torch__.ops.embedding(w, "wpe", positions)  # (T, D)
    return __torch__.ops.dropped(torch.unsqueeze(__torch__.ops.noisy(x, w), 0), w, "embedding")

  def embed_backward(self: __torch__.gpt2.Gpt2, ids: Tensor, positions: Tensor, gx: Tensor, g: Dict[str, Tensor]) -> Tensor:
    rows = torch.squeeze(__torch__.ops.dropped(gx, g, "embedding"), 0)
    if "wpe" in g:
      _0 = __torch__.ops.looked_up(g, "wpe", positions, rows)
    return __torch__.ops.looked_up(g, "wte", ids, rows)

  def norm(self: __torch__.gpt2.Gpt2, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
    return __torch__.ops.layer_norm(x, w, name, self.eps)

  def finish(self: __torch__.gpt2.Gpt2, x: Tensor, o: Tensor, w: Dict[str, Tensor]) -> Tensor:
    x = x + __torch__.ops.dropped(__torch__.ops.conv1d(o, w, "attn.c_proj"), w, "attention_output")
    h = __torch__.ops.conv1d(self.norm(x, w, "ln_2"), w, "c_fc")  # (1, T, F)
    h = __torch__.ops.conv1d(__torch__.ops.activation(h, self.activation), w, "mlp.c_proj")
    return x + __torch__.ops.dropped(h, w, "mlp_output")

  def projections(self: __torch__.gpt2.Gpt2, x: Tensor, w: Dict[str, Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    rows = __torch__.ops.conv1d(self.norm(x, w, "ln_1"), w, "c_attn")  # (1, T, 3 D)
    parts = torch.split(rows, x.size(2), 2)
    q = __torch__.ops.heads(parts[0], self.num_heads)  # (1, H, T, E)
    k = __torch__.ops.heads(parts[1], self.num_heads)
    v = __torch__.ops.heads(parts[2], self.num_heads)
    return (q, k, v)

  def layer(self: __torch__.gpt2.Gpt2, x: Tensor, rotary: Tensor, segments: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # x (1, T, D), segments (S + 1) int64 -> (1, T, D); rotary is not used
    q, k, v = self.projections(x, w)
    o = __torch__.ops.attention(q, k, v, segments, self.scale, 0.0, w)
    return self.finish(x, o, w)

  def layer_cached(self: __torch__.gpt2.Gpt2, x: Tensor, rotary: Tensor, segments: Tensor, past: Tensor, keys: List[Tensor], values: List[Tensor], w: Dict[str, Tensor]) -> Tensor:
    q, k, v = self.projections(x, w)
    o = __torch__.ops.attention_cached(q, k, v, segments, past, keys, values, self.scale, 0.0, w)
    return self.finish(x, o, w)

  def final_norm(self: __torch__.gpt2.Gpt2, x: Tensor, keep: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # Only the kept positions: x (1, T, D), keep (N) int64 -> (N, D)
    return self.norm(torch.index_select(torch.squeeze(x, 0), 0, keep), w, "ln_f")

  def classify(self: __torch__.gpt2.Gpt2, x: Tensor, keep: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # The kept position of each document: x (1, T, D), keep (S) int64 -> (S, C)
    return __torch__.ops.linear(torch.to(self.final_norm(x, keep, w), 6), w, "score")

  def logits(self: __torch__.gpt2.Gpt2, h: Tensor, head: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # h (N, D), head (V, D) -> (N, V)
    return __torch__.ops.head_logits(h, head, w)

  # decoding.py
