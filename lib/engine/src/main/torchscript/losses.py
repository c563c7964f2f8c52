# Losses with their gradients, and what else a backward pass needs beside a family's layers: vector-Jacobian products and losses.
class Losses(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def backward_all(self: __torch__.losses.Losses, y: Tensor, gy: Tensor, x: Tensor, p: List[Tensor], g: List[Tensor]) -> Tensor:
    # From the gradient of y: adds the gradients of p to g and returns that of x. Frees the graph of y.
    grads = torch.autograd.grad([y], torch.add([x], p), annotate(List[Optional[Tensor]], [gy]), False, False, False)
    for i in range(len(p)):
      _0 = torch.add_(g[i], unchecked_cast(Tensor, grads[i + 1]))
    return unchecked_cast(Tensor, grads[0])

  def backward_parameters(self: __torch__.losses.Losses, y: Tensor, gy: Tensor, p: List[Tensor], g: List[Tensor]) -> Tensor:
    # As backward_all where nothing before y is trained.
    grads = torch.autograd.grad([y], p, annotate(List[Optional[Tensor]], [gy]), False, False, False)
    for i in range(len(p)):
      _0 = torch.add_(g[i], unchecked_cast(Tensor, grads[i]))
    return gy

  def backward_input(self: __torch__.losses.Losses, y: Tensor, gy: Tensor, x: Tensor) -> Tensor:
    # As backward_all for a layer without trained parameters.
    grads = torch.autograd.grad([y], [x], annotate(List[Optional[Tensor]], [gy]), False, False, False)
    return unchecked_cast(Tensor, grads[0])

  def capped(self: __torch__.losses.Losses, z: Tensor, cap: float) -> Tensor:
    # Soft-capped logits; 0 is no cap.
    if cap > 0.0:
      z = torch.mul(torch.tanh(torch.div(z, cap)), cap)
    return z

  def positions(self: __torch__.losses.Losses, h: Tensor, head: Tensor, chunk: Tensor) -> int:
    # How many have logits at the same time. chunk (3): at most, at least, and the bytes that their logits may take.
    width = 4 if h.dtype == 6 else 2
    return max(int(chunk[1]), min(int(chunk[0]), int(chunk[2]) // (width * head.size(0))))

  def scores(self: __torch__.losses.Losses, c: Tensor, head: Tensor, z: Tensor) -> Tensor:
    # Logits (n, V) of c (n, D) into z, of the type of c.
    if head.dtype == c.dtype:
      _0 = torch.mm(c, torch.t(head), out=z)
    else:
      v = 0
      while v < head.size(0):
        e = min(head.size(0), v + 4096)  # rows of a head in another type become what c is in a core's cache
        _1 = torch.mm(c, torch.t(torch.to(head[v:e], c.dtype)), out=z[:, v:e])
        v = e
    return z

  def slopes(self: __torch__.losses.Losses, z: Tensor, targets: Tensor, cap: float, smoothing: float) -> Tensor:
    # Of logits z (n, V) float32 and targets (n, 1): the sum of the losses, float64; z becomes its gradient. A loss is the
    # cross entropy, of which a share (smoothing) is the mean over all classes instead.
    slope = annotate(List[Tensor], [])
    if cap > 0.0:
      bent = torch.tanh(torch.div(z, cap))
      _0 = torch.mul(bent, cap, out=z)
      slope.append(torch.rsub(torch.mul(bent, bent), 1))
    _1 = torch._log_softmax(z, 1, False, out=z)
    total = torch.neg(torch.sum(torch.gather(z, 1, targets), dtype=7))
    if smoothing > 0.0:
      flat = torch.neg(torch.sum(torch.mean(z, [1]), dtype=7))
      total = torch.add(torch.mul(total, 1.0 - smoothing), torch.mul(flat, smoothing))
    p = torch.exp_(z)
    if smoothing > 0.0:
      p = torch.sub_(p, smoothing / float(z.size(1)))
    minus = torch.full([targets.size(0), 1], smoothing - 1.0, dtype=6, layout=0, device=z.device, pin_memory=False)
    p = torch.scatter_add_(p, 1, targets, minus)
    if cap > 0.0:
      p = torch.mul_(p, slope[0])
    return total

  def head_backward(self: __torch__.losses.Losses, c: Tensor, p: Tensor, head: Tensor, factor: float, gc: Tensor, g: Tensor) -> Tensor:
    # From the gradient p (n, V) of logits, of the type of c: factor times that of c into gc (n, D), and that of head
    # added to g (V, D), if it is a matrix.
    if head.dtype == c.dtype:
      _0 = torch.addmm(c, p, head, beta=0, alpha=factor, out=gc)
    else:
      _1 = torch.zero_(gc)
      v = 0
      while v < head.size(0):
        e = min(head.size(0), v + 4096)
        _2 = torch.addmm_(gc, p[:, v:e], torch.to(head[v:e], c.dtype), beta=1, alpha=factor)
        v = e
    if g.dim() == 2:
      if c.dtype == 6:
        _3 = torch.addmm_(g, torch.t(p), c, beta=1, alpha=factor)
      else:
        v = 0
        while v < head.size(0):
          e = min(head.size(0), v + 4096)
          _4 = torch.add_(g[v:e], torch.mm(torch.t(p[:, v:e]), c), alpha=factor)
          v = e
    return gc

  def extended(self: __torch__.losses.Losses, h: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # What a head with a low-rank update sees, (N, D) -> (N, D + R): hidden states, and what A makes of them. w may have
    # the keys of the positions for dropout.
    x = h
    if "dropout_keys" in w and "lm_head.dropout" in w:
      x = torch.squeeze(__torch__.ops.dropout(torch.unsqueeze(h, 0), w["dropout_keys"], w["lm_head.dropout"]), 0)
    down = torch.linear(x, torch.to(w["lm_head.lora_A"], h.dtype)) * w["lm_head.scale"]
    return torch.cat([h, torch.to(down, h.dtype)], 1)

  def update_backward(self: __torch__.losses.Losses, u: Tensor, p: Tensor, factor: float, gu: Tensor, g: List[Tensor]) -> Tensor:
    # Of z = B u, from the gradient p (n, V) of z, of the type of u (n, R): factor times that of u into gu, and that of
    # B added. g: that of the head, B (V, R) and the place of its gradient.
    _0 = torch.addmm(u, p, torch.to(g[1], u.dtype), beta=0, alpha=factor, out=gu)
    return torch.add_(g[2], torch.mm(torch.t(p), u), alpha=factor)

  def rows_backward(self: __torch__.losses.Losses, c: Tensor, p: Tensor, factor: float, r: List[Tensor]) -> Tensor:
    # From the gradient p (n, V) of the logits of c (n, D): that of the head's rows r[0] (K) added to r[1] (K, D).
    some = torch.t(torch.index_select(p, 1, r[0]))  # (K, n)
    return torch.addmm_(r[1], torch.to(some, 6), torch.to(c, 6), beta=1, alpha=factor)

  def loss(self: __torch__.losses.Losses, h: Tensor, head: Tensor, limit: Tensor, targets: Tensor, scale: Tensor, chunk: Tensor, g: List[Tensor], r: List[Tensor]) -> Tuple[Tensor, Tensor]:
    # Sum of the losses, and scale[0] times its gradient with respect to h, without ever holding all logits: h (N, D),
    # head (V, D), targets (N) int64; scale[1] is the share of label smoothing. The gradient of head is added to g[0] when
    # that is a matrix. limit is the cap of the logits. Softmax and sums are float32: of some rows at a time, where logits
    # have 16 bits. Of a head with a low-rank update h is what it sees, (N, D + R), and g has B (V, R) and the place of its
    # gradient, too. r: where some rows of the head are trained alone, their ids and the place of their gradient; else
    # anything alone.
    n = h.size(0)
    d = head.size(1)
    step = min(n, self.positions(h, head, chunk))
    factor = float(scale[0])
    smoothing = float(scale[1])
    cap = float(limit)
    total = torch.zeros([], dtype=7, layout=0, device=h.device, pin_memory=False)
    gh = torch.empty_like(h)
    some = step if h.is_cuda else min(step, int(chunk[1]))
    held = torch.empty([step, head.size(0)], dtype=h.dtype, layout=0, device=h.device, pin_memory=False)
    wide = held
    if h.dtype != 6:
      wide = torch.empty([some, head.size(0)], dtype=6, layout=0, device=h.device, pin_memory=False)
    i = 0
    while i < n:
      c = h[i:i + step, :d]
      t = torch.unsqueeze(targets[i:i + step], 1)
      z = self.scores(c, head, held[:c.size(0)])  # (chunk, V), one piece of memory for all chunks
      if len(g) > 1:
        z = torch.addmm_(z, h[i:i + step, d:], torch.t(torch.to(g[1], z.dtype)))
      a = 0
      while a < c.size(0):
        b = min(c.size(0), a + some)
        if h.dtype == 6:
          total = total + self.slopes(z[a:b], t[a:b], cap, smoothing)
        else:
          rows = torch.copy_(wide[:b - a], z[a:b])
          total = total + self.slopes(rows, t[a:b], cap, smoothing)
          _0 = torch.copy_(z[a:b], rows)
        a = b
      _1 = self.head_backward(c, z, head, factor, gh[i:i + step, :d], g[0])
      if len(g) > 1:
        _2 = self.update_backward(h[i:i + step, d:], z, factor, gh[i:i + step, d:], g)
      if len(r) > 1:
        _3 = self.rows_backward(c, z, factor, r)
      i = i + step
    return (total, gh)

  def loss_sum(self: __torch__.losses.Losses, h: Tensor, head: Tensor, limit: Tensor, targets: Tensor, chunk: Tensor, smoothing: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # Sums (2) float64 for evaluation: of the losses and of the cross entropies, which differ by label smoothing. w may
    # have a low-rank update of the head.
    n = h.size(0)
    step = self.positions(h, head, chunk)
    total = torch.zeros([], dtype=7, layout=0, device=h.device, pin_memory=False)
    flat = total
    share = float(smoothing)
    i = 0
    while i < n:
      z = self.logits(h[i:i + step], head, limit, w)  # (chunk, V)
      best = torch.squeeze(torch.gather(z, 1, torch.unsqueeze(targets[i:i + step], 1)), 1)
      all = torch.logsumexp(z, [1])
      total = total + torch.sum(all - best, dtype=7)
      if share > 0.0:
        flat = flat + torch.sum(all - torch.mean(z, [1]), dtype=7)
      i = i + step
    return torch.stack([torch.add(torch.mul(total, 1.0 - share), torch.mul(flat, share)), total])

  def cross_entropy(self: __torch__.losses.Losses, logits: Tensor, targets: Tensor, weights: Tensor, scale: Tensor) -> Tuple[Tensor, Tensor]:
    # Of a classifier: logits (S, C), targets and weights (S) -> the weighted sum of the losses, and scale[0] times its
    # gradient (S, C); scale[1] is the share of label smoothing.
    z = torch.log_softmax(logits, 1)
    t = torch.unsqueeze(torch.to(targets, 4), 1)
    rows = torch.unsqueeze(weights, 1)
    smoothing = float(scale[1])
    losses = torch.add(torch.gather(z, 1, t) * (1.0 - smoothing), torch.mean(z, [1], True), alpha=smoothing)
    total = torch.neg(torch.sum(losses * rows, dtype=7))
    minus = torch.full([t.size(0), 1], smoothing - 1.0, dtype=z.dtype, layout=0, device=z.device, pin_memory=False)
    p = torch.sub(torch.exp(z), smoothing / float(z.size(1)))
    return (total, torch.scatter_add(p, 1, t, minus) * rows * float(scale[0]))

  def squared_error(self: __torch__.losses.Losses, logits: Tensor, targets: Tensor, weights: Tensor, scale: Tensor) -> Tuple[Tensor, Tensor]:
    # Of a regression: logits (S, 1); as cross_entropy.
    difference = torch.sub(logits, torch.unsqueeze(targets, 1))
    rows = torch.unsqueeze(weights, 1)
    total = torch.sum(difference * difference * rows, dtype=7)
    return (total, torch.mul(difference, 2.0) * rows * float(scale[0]))

  def binary_cross_entropy(self: __torch__.losses.Losses, logits: Tensor, targets: Tensor, weights: Tensor, scale: Tensor) -> Tuple[Tensor, Tensor]:
    # Of several labels a text: targets (S C), 1 or 0 for each; a document's loss is the mean of those of its labels; as
    # cross_entropy.
    t = torch.reshape(targets, [logits.size(0), logits.size(1)])
    rows = torch.unsqueeze(weights, 1) / float(logits.size(1))
    losses = torch.binary_cross_entropy_with_logits(logits, t, None, None, 0)
    total = torch.sum(losses * rows, dtype=7)
    return (total, torch.sub(torch.sigmoid(logits), t) * rows * float(scale[0]))

  def best(self: __torch__.losses.Losses, logits: Tensor) -> Tensor:
    return torch.argmax(logits, 1)

  def logits(self: __torch__.losses.Losses, h: Tensor, head: Tensor, limit: Tensor, w: Dict[str, Tensor]) -> Tensor:
    return self.capped(__torch__.ops.head_logits(h, head, w), float(limit))

  def norm(self: __torch__.losses.Losses, g: List[Tensor]) -> Tensor:
    # Global L2 norm.
    return torch.linalg_vector_norm(torch.stack(torch._foreach_norm(g, 2)), 2)
