import ipaddr from "ipaddr.js";

/** All of IPv6 that is handed out to the public; outside of it are forms of IPv4 addresses, and what is local. */
const [GLOBAL, GLOBAL_BITS] = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Whether an IP address belongs to the public internet: not to this machine, its networks, or a special use. Addresses
 * of IPv6 that stand for one of IPv4 do not.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== "unicast") return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL, GLOBAL_BITS);
}
