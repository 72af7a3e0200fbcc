import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { neededPackages, totalBytes } from "../../driver/apt.ts";

Deno.test("neededPackages() follows libraries, not programs, nor those of other machines", () => {
  const depends = `driver
  Depends: liba
 |Depends: <python:any>
    python
  Depends: libother:i386
  Depends: zlib1g
liba
  PreDepends: libb
libb
  Depends: liba
python
  Depends: libpython
libpython
`;
  deepStrictEqual(neededPackages(depends, "driver"), ["driver", "liba", "libb"]);
});

Deno.test("totalBytes() adds the sizes of packages", () => {
  const uris = `Reading package lists...
'http://deb.debian.org/a.deb' a_1%3a2_amd64.deb 1200 SHA256:ab
'http://deb.debian.org/b.deb' b_1_amd64.deb 34 SHA256:cd
`;
  strictEqual(totalBytes(uris), 1234);
});
