// d_first[r,k] += sum_n d_low[n,r] x[n,k],  d_second_p[f,r] += scale sum_n dy[n,column_p+f] low[n,factor_p+r] for each part p:
// the gradients of all adapters of a product in one dispatch, for GPUs
//
// x (rows, inner), dy (rows, features), low and d_low (rows, sum of ranks) f32; all columns multiples of 4
// d_first (sum of ranks, inner), d_second0, d_second1, d_second2 (features of the part, its rank) f32; added to, and left alone
// where the rank is 0
// A cell is 4 x 4 numbers of one of these matrices. Dispatch ceil(cells / CELLS); a workgroup owns CELLS cells, an invocation one
// of SPLITS equal stretches of the rows of a cell. A stretch is a sum of blocks of 256 rows; stretches are added in order.
// Trips: rows / SPLITS. Workgroup memory: 8 KiB.
// Reference: src/reference/low_rank.ts lowRankWeightBackward. Test: tests/shaders/low_rank_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  features: u32,
  features0: u32,
  features1: u32,
  features2: u32,
  rank0: u32,
  rank1: u32,
  rank2: u32,
  scale: f32,
}

const CELLS = 8u;
const SPLITS = 16u;
const WG = 128u;
const BLOCK = 256u;

// The matrices: A is the first one, then B of each part.
const FIRST = 0u;
const NONE = 4u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read> low: array<vec4f>;
@group(0) @binding(4) var<storage, read> d_low: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> d_first: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> d_second0: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> d_second1: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> d_second2: array<vec4f>;

// Four rows of the cells of each invocation.
var<workgroup> parts: array<vec4f, 4 * WG>;

// Rows 4 row .. of a matrix with 4 cols columns, and its columns 4 col ..; the part's first groups of four features and ranks.
struct Cell {
  matrix: u32,
  row: u32,
  col: u32,
  cols: u32,
  column: u32,
  factor: u32,
}

fn cell_of(index: u32) -> Cell {
  let features = vec3u(dims.features0, dims.features1, dims.features2) / 4u;
  let ranks = vec3u(dims.rank0, dims.rank1, dims.rank2) / 4u;
  let inner = dims.inner / 4u;
  var rest = index;
  var cell = Cell(NONE, 0u, 0u, 0u, 0u, 0u);
  var column = 0u;
  var factor = 0u;
  let firsts = (ranks.x + ranks.y + ranks.z) * inner;
  if (rest < firsts) {
    return Cell(FIRST, rest / inner, rest % inner, inner, 0u, 0u);
  }
  rest -= firsts;
  for (var p = 0u; p < 3u; p++) {
    let seconds = features[p] * ranks[p];
    if (cell.matrix == NONE && rest < seconds) {
      cell = Cell(p + 1u, rest / ranks[p], rest % ranks[p], ranks[p], column, factor);
    }
    rest -= min(rest, seconds);
    column += features[p];
    factor += ranks[p];
  }
  return cell;
}

fn add_to(matrix: u32, at: u32, value: vec4f) {
  if (matrix == FIRST) {
    d_first[at] += value;
  } else if (matrix == 1u) {
    d_second0[at] += dims.scale * value;
  } else if (matrix == 2u) {
    d_second1[at] += dims.scale * value;
  } else if (matrix == 3u) {
    d_second2[at] += dims.scale * value;
  }
}

@compute @workgroup_size(WG)
fn low_rank_weight_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let cell = cell_of(flat_index(workgroup_id, local % CELLS, CELLS));
  let low4 = (dims.rank0 + dims.rank1 + dims.rank2) / 4u;
  let length = (dims.rows + SPLITS - 1u) / SPLITS;
  let start = local / CELLS * length;
  let end = min(start + length, dims.rows);
  var total = mat4x4f();
  for (var first = start; first < end && cell.matrix != NONE; first += BLOCK) {
    // Written out, since not every compiler clears a variable of a loop again.
    var sum = mat4x4f(vec4f(), vec4f(), vec4f(), vec4f());
    for (var n = first; n < min(first + BLOCK, end); n++) {
      var a = vec4f();
      var b = vec4f();
      if (cell.matrix == FIRST) {
        a = d_low[n * low4 + cell.row];
        b = x[n * dims.inner / 4u + cell.col];
      } else {
        a = dy[n * dims.features / 4u + cell.column + cell.row];
        b = low[n * low4 + cell.factor + cell.col];
      }
      sum += mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b);
    }
    total += sum;
  }
  for (var j = 0u; j < 4u; j++) {
    parts[j * WG + local] = total[j];
  }
  workgroupBarrier();
  let j = local / CELLS;
  if (j < 4u) {
    var value = vec4f();
    for (var split = 0u; split < SPLITS; split++) {
      value += parts[j * WG + split * CELLS + local % CELLS];
    }
    add_to(cell.matrix, (4u * cell.row + j) * cell.cols + cell.col, value);
  }
}
