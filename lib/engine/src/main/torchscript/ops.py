# Operators that all families share. Letters as in dev.temper.kernel: T tokens, D model width, H query heads,
# K key/value heads, E head size, I/O input/output width, R LoRA rank, V vocabulary.

def has(w: Dict[str, Tensor], name: str) -> bool:
  # Whether there is a projection of this name, dense or NF4.
  return name in w or name + ".codes" in w

def stream(x: Tensor, w: Dict[str, Tensor]) -> Tensor:
  # In the type that is computed in. Everything after it works in the type of its input and brings weights to it; norms
  # and losses are float32 in between.
  if "stream" in w:
    x = torch.to(x, w["stream"].dtype)
  return x

def embedding(w: Dict[str, Tensor], name: str, rows: Tensor) -> Tensor:
  # (T) int64 -> (T, D), and a low-rank update where the table has one: A (R, V), B (D, R).
  x = __torch__.ops.stream(torch.embedding(w[name], rows), w)
  if name + ".lora_embedding_A" in w:
    down = torch.t(torch.to(torch.index_select(w[name + ".lora_embedding_A"], 1, rows), x.dtype))  # (T, R)
    if name + ".lora_padding" in w:  # A learns nothing of that row, as the table itself
        learns = torch.unsqueeze(torch.ne(rows, int(w[name + ".lora_padding"])), 1)
        down = torch.where(learns, down, torch.detach(down))
    x = x + torch.linear(down * w[name + ".scale"], torch.to(w[name + ".lora_embedding_B"], x.dtype))
  return x

def looked_up(g: Dict[str, Tensor], name: str, at: Tensor, rows: Tensor) -> Tensor:
  # Adds to the gradient of an embedding (V, D) those of the rows (T, D) that were looked up at (T), but for the one of
  # padding, which keeps what it has: as torch's embedding with a padding_idx, where a tied head still reaches it. Where
  # some rows of it are trained alone, to their gradient (K, D); places (V) int64 says which.
  if name + ".padding" in g:
    row = torch.select(g[name], 0, int(g[name + ".padding"]))
    before = torch.clone(row)
    _0 = torch.index_add_(g[name], 0, at, rows)
    _1 = torch.copy_(row, before)
  elif name in g:
    _2 = torch.index_add_(g[name], 0, at, rows)
  if name + ".rows" in g:
    places = torch.index_select(g[name + ".places"], 0, at)
    some = torch.squeeze(torch.nonzero(torch.ge(places, 0)), 1)
    _3 = torch.index_add_(g[name + ".rows"], 0, torch.index_select(places, 0, some), torch.index_select(rows, 0, some))
  return rows

def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
  return torch.to(torch.rms_norm(torch.to(x, 6), [x.size(-1)], torch.to(weight, 6), eps), x.dtype)

def layer_norm(x: Tensor, w: Dict[str, Tensor], name: str, eps: float) -> Tensor:
  y = torch.layer_norm(torch.to(x, 6), [x.size(-1)], torch.to(w[name], 6), torch.to(w[name + ".bias"], 6), eps)
  return torch.to(y, x.dtype)

def weight(w: Dict[str, Tensor], name: str, dtype: int) -> Tensor:
  # The whole matrix in the type that is computed in; see nf4.weight for NAME.dense.
  if name + ".codes" in w:
    dense = __torch__.nf4.weight(w, name, dtype)
  elif w[name].dtype != dtype and name + ".dense" in w:
    dense = torch.copy_(torch.detach(w[name + ".dense"]), w[name])  # a trained matrix records that it was copied
  else:
    dense = torch.to(w[name], dtype)
  return dense

def linear(x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
  # (1, T, I) -> (1, T, O); dense or NF4, a bias and a low-rank update where the layer has one.
  bias = name + ".bias"
  coded = name + ".codes" in w
  fits = not coded and w[name].dtype == x.dtype
  trained = not coded and w[name].requires_grad
  if not (fits or trained or x.requires_grad or x.is_cuda or name + ".magnitude" in w):
    if coded:
      y = __torch__.nf4.linear(x, w, name)
    else:
      y = __torch__.ops.in_pieces(x, w[name])
    if bias in w:
      y = torch.add_(y, torch.to(w[bias], x.dtype))
    weight = annotate(Optional[Tensor], None)
  else:
    dense = __torch__.ops.weight(w, name, x.dtype)
    if bias in w:
      y = torch.linear(x, dense, torch.to(w[bias], x.dtype))
    else:
      y = torch.linear(x, dense)
    weight = annotate(Optional[Tensor], dense)
  if name + ".lora_A" in w:
    y = __torch__.ops.adapted(y, x, weight, w, name)
  return y

def in_pieces(x: Tensor, matrix: Tensor) -> Tensor:
  # (..., I) -> (..., O) by a matrix (O, I) of another type where nothing is differentiated: some rows at a time are
  # brought to the type of x, so few for a few tokens that they stay in a core's cache.
  o = matrix.size(0)
  i = matrix.size(1)
  tokens = torch.reshape(x, [-1, i])
  elements = 262144 if tokens.size(0) <= 8 else 4194304
  step = min(o, max(1, elements // i))
  dense = torch.empty([step, i], dtype=x.dtype, layout=0, device=x.device, pin_memory=False)
  y = torch.empty([tokens.size(0), o], dtype=x.dtype, layout=0, device=x.device, pin_memory=False)
  at = 0
  while at < o:
    n = min(step, o - at)
    some = torch.copy_(dense[:n], matrix[at:at + n])
    _0 = torch.mm(tokens, torch.t(some), out=y[:, at:at + n])
    at = at + n
  shape = annotate(List[int], x.size())
  shape[-1] = o
  return torch.view(y, shape)

def logits(h: Tensor, head: Tensor) -> Tensor:
  # (N, D) -> (N, V) float32, where nothing is differentiated.
  if head.dtype == h.dtype:
    z = torch.linear(h, head)
  else:
    z = __torch__.ops.in_pieces(h, head)
  return torch.to(z, 6)

def head_logits(h: Tensor, head: Tensor, w: Dict[str, Tensor]) -> Tensor:
  # As logits, with the low-rank update of the head where w has one.
  z = __torch__.ops.logits(h, head)
  if "lm_head.lora_A" in w:
    z = z + torch.to(__torch__.ops.update(h, w, "lm_head"), 6)
  return z

def conv1d(x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
  # As linear, with a bias and a weight that is stored (I, O); NF4 is stored (O, I), as transformers quantizes it.
  if name + ".codes" in w:
    y = __torch__.ops.linear(x, w, name)
  else:
    dense = __torch__.ops.weight(w, name, x.dtype)
    rows = torch.addmm(torch.to(w[name + ".bias"], x.dtype), torch.squeeze(x, 0), dense)
    y = torch.view(rows, [1, x.size(1), -1])
    if name + ".lora_A" in w:
      y = __torch__.ops.adapted(y, x, torch.t(dense), w, name)
  return y

def adapted(y: Tensor, x: Tensor, matrix: Optional[Tensor], w: Dict[str, Tensor], name: str) -> Tensor:
  # y (1, T, O) is what the base makes of x (1, T, I) with its weight (O, I), which DoRA alone asks for.
  drops = "dropout_keys" in w and name + ".dropout" in w
  dropped = x
  if drops:
    dropped = __torch__.ops.dropout(x, __torch__.ops.keys(x, w), w[name + ".dropout"])
  update = __torch__.ops.update(dropped, w, name)  # (1, T, O)
  if name + ".magnitude" in w:
    weight = unchecked_cast(Tensor, matrix)
    ratio = torch.to(__torch__.ops.stretch(weight, w, name), x.dtype)
    bias = name + ".bias"
    if drops:
      base = torch.linear(dropped, weight)
    elif bias in w:
      base = torch.sub(y, torch.to(w[bias], x.dtype))
    else:
      base = y
    y = y + base * torch.sub(ratio, 1) + update * ratio
  else:
    y = torch.add_(y, update)
  return y

def update(x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
  # scale * (B A x + b): (..., I) -> (..., O); b where the update has a bias of its own.
  down = torch.linear(x, torch.to(w[name + ".lora_A"], x.dtype))  # (..., R)
  y = torch.linear(down * w[name + ".scale"], torch.to(w[name + ".lora_B"], x.dtype))
  if name + ".lora_B.bias" in w:
    y = y + torch.to(w[name + ".lora_B.bias"] * w[name + ".scale"], x.dtype)
  return y

def stretch(weight: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
  # DoRA: magnitude over the length of each output's row of weight (O, I) plus its update -> (O). The length is a
  # constant to the gradient, as in PEFT.
  up = torch.to(torch.detach(w[name + ".lora_B"]), 6) * w[name + ".scale"]
  sum = torch.addmm(torch.to(torch.detach(weight), 6), up, torch.to(torch.detach(w[name + ".lora_A"]), 6))
  return torch.div(w[name + ".magnitude"], torch.linalg_vector_norm(sum, 2, [1]))

def dropped(x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
  # Dropout of x (1, T, I) while training, where there is one of this name.
  if "dropout_keys" in w and name + ".dropout" in w:
    x = __torch__.ops.dropout(x, __torch__.ops.keys(x, w), w[name + ".dropout"])
  return x

def keys(x: Tensor, w: Dict[str, Tensor]) -> Tensor:
  # Where the masks of x's tokens come from: x is of all tokens (1, T, I), or of those that the layer keeps (1, S, I).
  keys = w["dropout_keys"]
  if keys.size(0) != x.size(1):
    keys = torch.index_select(keys, 0, w["kept"])
  return keys

def dropout(x: Tensor, keys: Tensor, settings: Tensor) -> Tensor:
  # Drops elements of x (1, T, I) and makes up for them.
  return torch.mul(x * __torch__.ops.kept(keys, x.size(2), settings), __torch__.ops.makes_up(settings))

def makes_up(settings: Tensor) -> float:
  # What the kept elements are multiplied by.
  return 65536.0 / float(65536 - int(settings[0]))

def mix(h: Tensor) -> Tensor:
  # SplitMix64's last steps, in place: int64 whose bits all depend on all bits of h.
  t = torch.bitwise_right_shift(h, 30)
  h = torch.mul_(torch.bitwise_xor_(h, torch.bitwise_and_(t, 17179869183)), -4658895280553007687)
  t = torch.bitwise_right_shift(h, 27)
  h = torch.mul_(torch.bitwise_xor_(h, torch.bitwise_and_(t, 137438953471)), -7723592293110705685)
  t = torch.bitwise_right_shift(h, 31)
  h = torch.bitwise_xor_(h, torch.bitwise_and_(t, 8589934591))
  return h

def kept(keys: Tensor, count: int, settings: Tensor) -> Tensor:
  # Which elements are not dropped, (T, count) bool, by a hash of (key of the token, salt of the place, channel), so that
  # a recomputation and any other split of the rows over workers see the same. keys (T) int64, settings (2) int64:
  # threshold and salt. A hash is drawn for four channels, 16 bits each: a sixth of the time of libtorch's own dropout.
  return torch.ge(__torch__.ops.draws(keys, count, settings[1]), int(settings[0]) - 32768)

def draws(keys: Tensor, count: int, salt: Tensor) -> Tensor:
  # (T, count) int16, uniform.
  words = torch.arange((count + 3) // 4, dtype=4, layout=0, device=keys.device, pin_memory=False)
  h = torch.unsqueeze(keys, 1) + torch.mul(words + salt, -7046029254386353131)  # (T, count / 4)
  h = __torch__.ops.mix(h)
  return torch.slice(torch.view_copy(h, dtype=2), 1, 0, count, 1)

def noisy(x: Tensor, w: Dict[str, Tensor]) -> Tensor:
  # NEFTune, while training: adds to embeddings x (T, D) what is uniform in plus and minus w["noise"] (T, 1), by the same
  # hash as dropout, of keys of its own.
  if "noise" in w:
    draws = __torch__.ops.draws(w["noise_keys"], x.size(1), torch.zeros_like(w["noise_keys"][0]))
    unit = torch.div(torch.add(torch.to(draws, 6), 0.5), 32768.0)  # the middles of 65536 pieces of -1 to 1
    x = x + torch.to(unit * w["noise"], x.dtype)
  return x

def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
  # Rotary positions, halves rotated as in transformers: x (1, H, T, E), cos and sin (T, E) or narrower, when only the
  # first channels of a head are rotated.
  width = cos.size(1)
  if width < x.size(3):
    first = __torch__.ops.rotate_whole(x[:, :, :, :width], cos, sin)
    return torch.cat([first, x[:, :, :, width:]], 3)
  else:
    return __torch__.ops.rotate_whole(x, cos, sin)

def rotate_whole(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
  half = x.size(3) // 2
  turned = torch.cat([torch.neg(x[:, :, :, half:]), x[:, :, :, :half]], 3)
  return torch.to(x * cos + turned * sin, x.dtype)

def heads(x: Tensor, count: int) -> Tensor:
  # (1, T, H * E) -> (1, H, T, E)
  return torch.transpose(torch.view(x, [1, x.size(1), count, -1]), 1, 2)

def grouped(x: Tensor, heads: int) -> Tensor:
  # (1, K, T, E) -> (1, H, T, E): every query head gets the key/value head of its group.
  if x.size(1) != heads:
    x = torch.repeat_interleave(x, heads // x.size(1), 1)
  return x

def soft_cap(x: Tensor, cap: float) -> Tensor:
  # Bends x to between -cap and cap; 0 is no cap.
  if cap > 0.0:
    x = torch.mul(torch.tanh(torch.div(x, cap)), cap)
  return x

def attend(q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], causal: bool, scale: float, cap: float, drops: List[Tensor]) -> Tensor:
  # (1, H, T, E); fused, unless scores are capped or their softmax drops elements. drops: nothing, or keys of the queries
  # and settings of dropout.
  if cap > 0.0 or len(drops) > 0:
    scores = __torch__.ops.soft_cap(torch.matmul(q, torch.transpose(k, 2, 3)) * scale, cap)  # (1, H, T, T)
    if mask is not None:
      scores = torch.masked_fill(scores, torch.logical_not(unchecked_cast(Tensor, mask)), -inf)
    elif causal:
      past = torch.ones([q.size(2), k.size(2)], dtype=11, layout=0, device=q.device, pin_memory=False)
      scores = torch.masked_fill(scores, torch.logical_not(torch.tril(past)), -inf)
    weights = torch.softmax(scores, 3)
    if len(drops) > 0:
      kept = __torch__.ops.kept(drops[0], q.size(1) * k.size(2), drops[1])  # (T, H * T)
      kept = torch.transpose(torch.reshape(kept, [q.size(2), q.size(1), -1]), 0, 1)
      o = torch.mul(torch.matmul(weights * kept, v), __torch__.ops.makes_up(drops[1]))
    else:
      o = torch.matmul(weights, v)
    return o
  else:
    return torch.scaled_dot_product_attention(q, k, v, mask, 0.0, causal, scale=scale)

def attention(q: Tensor, k: Tensor, v: Tensor, segments: Tensor, scale: float, cap: float, w: Dict[str, Tensor]) -> Tensor:
  # Attention within each segment: q (1, H, T, E), k and v (1, K, T, E), segments (S + 1) -> (1, T, H * E). cap: what
  # scores are bent to; 0 nothing. The layer says how many positions a token sees, its own and those before it; 0 all of
  # them; -1 all of those after it too. Where the layer keeps one token of each segment, q has no others.
  window = int(w["window"])
  k = __torch__.ops.grouped(k, q.size(1))
  v = __torch__.ops.grouped(v, q.size(1))
  borders = annotate(List[int], segments.tolist())
  lengths = annotate(List[int], [])
  for i in range(len(borders) - 1):
    lengths.append(borders[i + 1] - borders[i])
  # Split, not sliced: the gradient of a slice is as large as the whole.
  if "kept" in w:
    queries = torch.split(q, 1, 2)
  else:
    queries = torch.split_with_sizes(q, lengths, 2)
  keys = torch.split_with_sizes(k, lengths, 2)
  values = torch.split_with_sizes(v, lengths, 2)
  parts = annotate(List[Tensor], [])
  dropping = "attention.dropout" in w and "dropout_keys" in w
  for i in range(len(lengths)):
    n = lengths[i]
    drops = annotate(List[Tensor], [])
    if dropping:
      if "kept" in w:
        drops.append(w["dropout_keys"][w["kept"][i:i + 1]])
      else:
        drops.append(w["dropout_keys"][borders[i]:borders[i + 1]])
      drops.append(w["attention.dropout"])
    if window > 0 and n > window:
      near = torch.ones([n, n], dtype=11, layout=0, device=q.device, pin_memory=False)
      mask = torch.bitwise_and(torch.tril(near), torch.triu(near, 1 - window))
      o = __torch__.ops.attend(queries[i], keys[i], values[i], mask, False, scale, cap, drops)
    else:
      o = __torch__.ops.attend(queries[i], keys[i], values[i], None, window >= 0, scale, cap, drops)
    parts.append(o)
  if len(parts) == 1:
    o = parts[0]
  else:
    o = torch.cat(parts, 2)
  return torch.reshape(torch.transpose(o, 1, 2), [1, q.size(2), -1])

def attention_cached(q: Tensor, k: Tensor, v: Tensor, segments: Tensor, past: Tensor, keys: List[Tensor], values: List[Tensor], scale: float, cap: float, w: Dict[str, Tensor]) -> Tensor:
  # As attention, for new tokens whose earlier ones are in the cache: keys[i] and values[i] (1, K, capacity, E) belong to
  # segment i and hold past[i] tokens; the new ones are added. A segment with a past has one new token.
  window = int(w["window"])
  borders = annotate(List[int], segments.tolist())
  held = annotate(List[int], past.tolist())
  heads = q.size(1)
  parts = annotate(List[Tensor], [])
  for i in range(len(borders) - 1):
    s = borders[i]
    e = borders[i + 1]
    p = held[i]
    total = p + e - s
    _0 = torch.copy_(keys[i][:, :, p:total], k[:, :, s:e])
    _1 = torch.copy_(values[i][:, :, p:total], v[:, :, s:e])
    if p == 0:
      one = torch.tensor([0, e - s])
      o = __torch__.ops.attention(q[:, :, s:e], k[:, :, s:e], v[:, :, s:e], one, scale, cap, w)
    else:
      first = 0
      if window > 0 and total > window:
        first = total - window
      near = __torch__.ops.grouped(keys[i][:, :, first:total], heads)
      content = __torch__.ops.grouped(values[i][:, :, first:total], heads)
      o = __torch__.ops.attend(q[:, :, s:e], near, content, None, False, scale, cap, annotate(List[Tensor], []))
      o = torch.reshape(torch.transpose(o, 1, 2), [1, e - s, -1])
    parts.append(o)
  if len(parts) == 1:
    o = parts[0]
  else:
    o = torch.cat(parts, 1)
  return o

def activation(x: Tensor, name: str) -> Tensor:
  if name == "silu":
    y = torch.silu(x)
  elif name == "gelu_new":
    y = torch.gelu(x, approximate="tanh")
  else:
    y = x
    ops.prim.RaiseException("unknown activation " + name)
  return y
