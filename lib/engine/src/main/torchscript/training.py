# What training needs beside a family's layers: vector-Jacobian products, the loss, the optimizer.
class Training(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def backward_all(self: __torch__.training.Training, y: Tensor, gy: Tensor, x: Tensor, p: List[Tensor], g: List[Tensor]) -> Tensor:
    # From the gradient of y: adds the gradients of p to g and returns that of x. Frees the graph of y.
    grads = torch.autograd.grad([y], torch.add([x], p), annotate(List[Optional[Tensor]], [gy]), False, False, False)
    for i in range(len(p)):
      _0 = torch.add_(g[i], unchecked_cast(Tensor, grads[i + 1]))
    return unchecked_cast(Tensor, grads[0])

  def backward_parameters(self: __torch__.training.Training, y: Tensor, gy: Tensor, p: List[Tensor], g: List[Tensor]) -> Tensor:
    # As backward_all where nothing before y is trained.
    grads = torch.autograd.grad([y], p, annotate(List[Optional[Tensor]], [gy]), False, False, False)
    for i in range(len(p)):
      _0 = torch.add_(g[i], unchecked_cast(Tensor, grads[i]))
    return gy

  def backward_input(self: __torch__.training.Training, y: Tensor, gy: Tensor, x: Tensor) -> Tensor:
    # As backward_all for a layer without trained parameters.
    grads = torch.autograd.grad([y], [x], annotate(List[Optional[Tensor]], [gy]), False, False, False)
    return unchecked_cast(Tensor, grads[0])

  def capped(self: __torch__.training.Training, z: Tensor, cap: float) -> Tensor:
    # Soft-capped logits; 0 is no cap.
    if cap > 0.0:
      z = torch.mul(torch.tanh(torch.div(z, cap)), cap)
    return z

  def loss(self: __torch__.training.Training, h: Tensor, head: Tensor, limit: Tensor, targets: Tensor, scale: Tensor, chunk: Tensor, g: List[Tensor]) -> Tuple[Tensor, Tensor]:
    # Sum of the cross entropies, and scale times its gradient with respect to h, without ever holding all logits:
    # h (N, D), head (V, D), targets (N) int64. The gradient of head is added to g[0] when that is a matrix. limit is
    # the cap of the logits.
    n = h.size(0)
    step = int(chunk)
    factor = float(scale)
    cap = float(limit)
    total = torch.zeros([], dtype=7, layout=0, device=h.device, pin_memory=False)
    gh = torch.empty_like(h)
    rows = torch.empty([min(n, step), head.size(0)], dtype=h.dtype, layout=0, device=h.device, pin_memory=False)
    i = 0
    while i < n:
      c = h[i:i + step]
      t = torch.unsqueeze(targets[i:i + step], 1)
      z = rows[:c.size(0)]  # (chunk, V), one piece of memory for all chunks: fresh pages cost as much as a pass
      _0 = torch.mm(c, torch.t(head), out=z)
      slope = annotate(List[Tensor], [])
      if cap > 0.0:
        bent = torch.tanh(torch.div(z, cap))
        _4 = torch.mul(bent, cap, out=z)
        slope.append(torch.rsub(torch.mul(bent, bent), 1))
      _1 = torch._log_softmax(z, 1, False, out=z)
      total = total - torch.sum(torch.gather(z, 1, t), dtype=7)
      p = torch.exp_(z)
      minus = torch.full([t.size(0), 1], -1.0, dtype=h.dtype, layout=0, device=h.device, pin_memory=False)
      p = torch.scatter_add_(p, 1, t, minus)
      if cap > 0.0:
        p = torch.mul_(p, slope[0])
      _2 = torch.addmm(c, p, head, beta=0, alpha=factor, out=gh[i:i + step])
      if g[0].dim() == 2:
        _3 = torch.addmm_(g[0], torch.t(p), c, beta=1, alpha=factor)
      i = i + step
    return (total, gh)

  def loss_sum(self: __torch__.training.Training, h: Tensor, head: Tensor, limit: Tensor, targets: Tensor, chunk: Tensor) -> Tensor:
    # Sum of the cross entropies alone, for evaluation.
    n = h.size(0)
    step = int(chunk)
    total = torch.zeros([], dtype=7, layout=0, device=h.device, pin_memory=False)
    i = 0
    while i < n:
      z = self.capped(torch.linear(h[i:i + step], head), float(limit))  # (chunk, V)
      best = torch.squeeze(torch.gather(z, 1, torch.unsqueeze(targets[i:i + step], 1)), 1)
      total = total + torch.sum(torch.logsumexp(z, [1]) - best, dtype=7)
      i = i + step
    return total

  def cross_entropy(self: __torch__.training.Training, logits: Tensor, targets: Tensor, weights: Tensor, scale: Tensor) -> Tuple[Tensor, Tensor]:
    # Of a classifier: logits (S, C), targets and weights (S) -> the weighted sum of the cross entropies, and scale times
    # its gradient (S, C).
    z = torch.log_softmax(logits, 1)
    t = torch.unsqueeze(torch.to(targets, 4), 1)
    rows = torch.unsqueeze(weights, 1)
    total = torch.neg(torch.sum(torch.gather(z, 1, t) * rows, dtype=7))
    minus = torch.full([t.size(0), 1], -1.0, dtype=z.dtype, layout=0, device=z.device, pin_memory=False)
    return (total, torch.scatter_add(torch.exp(z), 1, t, minus) * rows * scale)

  def squared_error(self: __torch__.training.Training, logits: Tensor, targets: Tensor, weights: Tensor, scale: Tensor) -> Tuple[Tensor, Tensor]:
    # Of a regression: logits (S, 1); as cross_entropy.
    difference = torch.sub(logits, torch.unsqueeze(targets, 1))
    rows = torch.unsqueeze(weights, 1)
    total = torch.sum(difference * difference * rows, dtype=7)
    return (total, torch.mul(difference, 2.0) * rows * scale)

  def best(self: __torch__.training.Training, logits: Tensor) -> Tensor:
    return torch.argmax(logits, 1)

  def logits(self: __torch__.training.Training, h: Tensor, head: Tensor, limit: Tensor) -> Tensor:
    return self.capped(torch.linear(h, head), float(limit))

  def norm(self: __torch__.training.Training, g: List[Tensor]) -> Tensor:
    # Global L2 norm.
    return torch.linalg_vector_norm(torch.stack(torch._foreach_norm(g, 2)), 2)

  def adamw(self: __torch__.training.Training, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], divisor: Tensor, s: Tensor) -> Tensor:
    # Decoupled weight decay, one fused pass; gradients are divided by divisor (clipping).
    # s (5) float64: learning rate, beta 1, beta 2, weight decay, epsilon.
    lr = float(s[0])
    torch._foreach_add_(steps, 1)
    torch._fused_adamw_(p, g, m, v, annotate(List[Tensor], []), steps, lr=lr, beta1=float(s[1]), beta2=float(s[2]), weight_decay=float(s[3]), eps=float(s[4]), amsgrad=False, maximize=False, grad_scale=divisor, found_inf=None)
    return divisor

  def copy(self: __torch__.training.Training, target: Tensor, source: Tensor) -> Tensor:
    return torch.copy_(target, source)

  def clear(self: __torch__.training.Training, target: Tensor) -> Tensor:
    return torch.zero_(target)

  def from_bytes(self: __torch__.training.Training, bytes: Tensor, dtype: Tensor) -> Tensor:
    # (n) uint8 -> the same bytes read as bfloat16 (15) or float16 (5), as float32.
    return torch.to(torch.view_copy(bytes, dtype=int(dtype)), 6)
