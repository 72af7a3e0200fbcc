// Number of an invocation in a grid that was folded into two dimensions because one holds only 65,535 workgroups.
const GRID_X = 32768u;

fn flat_index(workgroup_id: vec3u, local: u32, width: u32) -> u32 {
  return (workgroup_id.y * GRID_X + workgroup_id.x) * width + local;
}
