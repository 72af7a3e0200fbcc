// Which part of a stacked weight a workgroup works on, and B of the adapter of that part. Kernels declare dims with features0,
// features1, features2 and rank0, rank1, rank2, and the bindings second0, second1 and second2.

struct Part {
  index: u32,
  features: u32,
  rank: u32,
  // Its first feature, and the first row of its A.
  column: u32,
  factor: u32,
  // The number of the workgroup among those of the part.
  group: u32,
}

fn features_of_parts() -> vec3u {
  return vec3u(dims.features0, dims.features1, dims.features2);
}

fn ranks_of_parts() -> vec3u {
  return vec3u(dims.rank0, dims.rank1, dims.rank2);
}

// The part of the workgroup of this number if a part has one for each `width` of its `extents`.
fn part_of(number: u32, extents: vec3u, width: u32) -> Part {
  let features = features_of_parts();
  let ranks = ranks_of_parts();
  var part = Part(0u, features.x, ranks.x, 0u, 0u, number);
  for (var p = 0u; p < 2u; p++) {
    let groups = (extents[p] + width - 1u) / width;
    if (part.index == p && part.group >= groups) {
      let next = p + 1u;
      part.index = next;
      part.column += part.features;
      part.factor += part.rank;
      part.features = features[next];
      part.rank = ranks[next];
      part.group -= groups;
    }
  }
  return part;
}

fn second_at(part: u32, i: u32) -> vec4f {
  if (part == 0u) {
    return second0[i];
  } else if (part == 1u) {
    return second1[i];
  }
  return second2[i];
}
