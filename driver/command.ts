/**
 * A command whose environment is this one's without LD_* and DYLD_*, which are set on most machines with CUDA: Deno
 * starts none that has them under a list of allowed programs.
 */
export function command(program: string, options: Deno.CommandOptions = {}): Deno.Command {
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) =>
    !/^(LD|DYLD)_/.test(name)
  );
  const env = { ...Object.fromEntries(inherited), ...options.env };
  return new Deno.Command(program, { ...options, clearEnv: true, env });
}
