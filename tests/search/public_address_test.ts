import { deepStrictEqual } from "node:assert/strict";
import { isPublicAddress } from "../../src/search/public_address.ts";

const PRIVATE: ReadonlyArray<string> = [
  ...["127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1"],
  ...["169.254.169.254", "100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3", "224.0.0.1"],
  ...["239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1"],
  ...["198.51.100.1", "203.0.113.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1"],
  ...["fc00::1", "fd00::1", "ff02::1", "2001:db8::1", "3fff::1", "100::1", "2001::1"],
  ...["::7f00:1", "::ffff:7f00:1", "::ffff:127.0.0.1", "::ffff:0:7f00:1", "64:ff9b::a00:1"],
  ...["64:ff9b:1::a00:1", "2002:7f00:1::1", "", "localhost"],
];
Deno.test("isPublicAddress() refuses every private and special range, and forms of IPv4 in IPv6", () => {
  deepStrictEqual(PRIVATE.filter(isPublicAddress), []);
  const open = ["8.8.8.8", "172.32.0.1", "100.128.0.1", "169.253.0.1", "2606:4700::1111"];
  deepStrictEqual(open.filter(isPublicAddress), open);
});
