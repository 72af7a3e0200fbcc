/** A PostgreSQL server of our own on this machine, with a password and TLS; installed where there is none and apt can. */
import { command } from "../../driver/command.ts";

const START = `
set -eu
find_bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1; }
bin=$(find_bin)
if [ -z "$bin" ]; then
  apt-get install -y --no-install-recommends postgresql >&2
  bin=$(find_bin)
fi
as=
if [ "$(id -u)" = 0 ]; then
  chmod 755 "$FOLDER" "$FOLDER/.."
  chown postgres "$FOLDER"
  as="setpriv --reuid=postgres --regid=postgres --clear-groups"
fi
cd "$FOLDER"
if [ ! -d data ]; then
  printf '%s' "$PASSWORD" >password
  openssl req -new -x509 -days 2 -nodes -subj /CN=localhost \\
    -addext subjectAltName=IP:"$HOST" -keyout key.pem -out cert.pem 2>/dev/null
  chmod 600 key.pem password
  [ -z "$as" ] || chown postgres key.pem cert.pem password
  $as "$bin/initdb" -D data -U igpo --pwfile=password -A scram-sha-256 >/dev/null
  echo 'hostssl all all 0.0.0.0/0 scram-sha-256' >>data/pg_hba.conf
fi
exec $as "$bin/postgres" -D data -h "$HOST" -p "$PORT" -k "" \\
  -c ssl=on -c ssl_cert_file="$FOLDER/cert.pem" -c ssl_key_file="$FOLDER/key.pem" \\
  -c log_min_messages=fatal
`;

/** A running server. */
export interface Postgres {
  /** Its address with the password. */
  readonly url: string;
  /** The same without it. */
  readonly bare: string;
  readonly password: string;
  /** File of its certificate. */
  readonly certificate: string;
  /** Stops it and starts it again. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts a server whose data lie in a folder. */
export async function startPostgres(folder: string, hostname = "127.0.0.1"): Promise<Postgres> {
  const probe = Deno.listen({ hostname, port: 0 });
  const port = String(probe.addr.port);
  probe.close();
  const password = "a pass/word";
  const spawn = async () => {
    const child = command("sh", {
      args: ["-c", START],
      env: { FOLDER: folder, HOST: hostname, PORT: port, PASSWORD: password },
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    let isOver = false;
    void child.status.then(() => isOver = true);
    while (true) {
      if (isOver) throw new Error("PostgreSQL did not start");
      const found = await Deno.connect({ hostname, port: Number(port) })
        .catch(() => null);
      found?.close();
      if (found !== null) return child;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const stopped = async (child: Deno.ChildProcess) => {
    // Fast: sessions are ended.
    child.kill("SIGINT");
    await child.status;
  };
  let child = await spawn();
  const at = `${hostname}:${port}/postgres?sslmode=require`;
  return {
    url: `postgres://igpo:${encodeURIComponent(password)}@${at}`,
    bare: `postgres://igpo@${at}`,
    password,
    certificate: `${folder}/cert.pem`,
    restart: async () => {
      await stopped(child);
      child = await spawn();
    },
    stop: () => stopped(child),
  };
}
