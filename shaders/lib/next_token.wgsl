// What becomes of a row whose next token is drawn: its log-prob, the test for a stop, and the row's new state. Kernels declare
// the bindings and the sizes of sample.

fn advance(n: u32, token: u32, produced: u32, row: u32) {
  let state = statistics[n];
  let log_prob = logits[row + token] * dims.inverseTemperature - (state.x + log(state.y));
  let at = (n * dims.messageTokens + produced % dims.messageTokens) * 2u;
  sampled[at] = token;
  sampled[at + 1u] = bitcast<u32>(log_prob);
  status[n * 8u + 1u] = produced + 1u;
  let stop = token == dims.stop0 || token == dims.stop1 || token == dims.stop2 || token == dims.stop3;
  if (stop || produced + 1u == status[n * 8u + 2u]) {
    status[n * 8u] = 0u;
    return;
  }
  ids[n] = token;
  positions[n] += 1u;
  queries[n].w += 1u;
}
