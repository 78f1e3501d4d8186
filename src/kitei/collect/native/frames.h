/* A sampled packet header: through VLAN tags, MPLS labels, PPPoE, GRE, IP in IP, VXLAN, Geneve and GTP-U to the IP
 * header that counts.
 *
 * Which one counts: the outermost whose destination is protected (a GRE flood against a customer is traffic to
 * the customer, whatever it pretends to carry), unless its prefix says to look inside because it holds our own
 * tunnels' ends; where none is protected, the innermost that is whole.
 */
#include "templates.h"

enum { LINK_ETHERNET = 1, LINK_IP4 = 11, LINK_IP6 = 12, LINK_MPLS = 13 };

typedef struct {
  u8 src[16], dst[16];
  u64 source;
  u32 slot, group, length; /* length: of the IP packet as its header says */
  u16 sport, dport, vlan;
  u8 family, protocol, flags, tos, icmp_type, icmp_code, fragment, tunnel;
} Packet;

enum { AT_ETHERNET, AT_TYPE, AT_MPLS, AT_IP, AT_END };

typedef struct {
  const u8 *p, *end;
  int state;
  u16 type, vlan;
} Walk;

static void after_type(Walk *w) {
  switch (w->type) {
    case 0x8100: case 0x88a8: case 0x9100: case 0x9200:
      if (w->end - w->p < 4) break;
      if (!w->vlan) w->vlan = get16(w->p) & 0xfff;
      w->type = get16(w->p + 2);
      w->p += 4;
      return;
    case 0x8847: case 0x8848: w->state = AT_MPLS; return;
    case 0x0800: case 0x86dd: w->state = AT_IP; return;
    case 0x8864: /* PPPoE session */
      if (w->end - w->p < 8) break;
      w->type = get16(w->p + 6) == 0x21 ? 0x0800 : get16(w->p + 6) == 0x57 ? 0x86dd : 0;
      w->p += 8;
      return;
    case 0x6558: w->state = AT_ETHERNET; return;
  }
  w->state = AT_END;
}

static void after_labels(Walk *w) {
  while (w->end - w->p >= 4) {
    int bottom = w->p[2] & 1;
    w->p += 4;
    if (!bottom) continue;
    if (w->p >= w->end) break;
    u8 nibble = *w->p >> 4;
    if (nibble == 4 || nibble == 6) w->state = AT_IP;
    else if (nibble == 0) w->p += w->end - w->p < 4 ? 0 : 4, w->state = AT_ETHERNET; /* control word */
    else w->state = AT_ETHERNET;
    return;
  }
  w->state = AT_END;
}

static void into_gre(Walk *w) {
  w->state = AT_END;
  if (w->end - w->p < 4) return;
  u16 flags = get16(w->p);
  w->type = get16(w->p + 2);
  u32 size = 4 + (flags & 0xc000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) + (flags & 0x1000 ? 4 : 0);
  if ((flags & 7) == 1) { /* PPTP */
    size = 8 + (flags & 0x1000 ? 4 : 0) + (flags & 0x80 ? 4 : 0);
    w->type = 0;
  } else if (flags & 0x4000 || flags & 7) {
    return; /* source routes and unknown versions */
  }
  if (w->end - w->p < size) return;
  w->p += size;
  if (w->type == 0x88be && flags & 0x1000) { /* ERSPAN II */
    if (w->end - w->p < 8) return;
    w->p += 8;
    w->type = 0x6558;
  } else if (w->type == 0x88be) {
    w->type = 0x6558;
  }
  w->state = AT_TYPE;
}

/* GTP-U (3GPP TS 29.281): a user's packet on its way through a mobile network, behind optional extensions. */
static void into_gtp(Walk *w) {
  const u8 *h = w->p + 8;
  long n = w->end - h;
  if (n < 8 || h[0] >> 5 != 1 || !(h[0] & 0x10) || h[1] != 255) return;
  u32 size = h[0] & 7 ? 12 : 8;
  if (n < size) return;
  u8 next = h[0] & 4 ? h[11] : 0;
  for (int i = 0; next && i < LAYERS; i++) {
    u32 length = n > size ? h[size] * 4 : 0;
    if (!length || n < size + length) return;
    size += length;
    next = h[size - 1];
  }
  if (next) return;
  w->p = h + size;
  w->state = AT_IP;
}

static void into_udp(Walk *w, u16 dport) {
  w->state = AT_END;
  if (w->end - w->p < 16) return;
  const u8 *h = w->p + 8;
  if (dport == 4789 && h[0] & 0x08) {
    w->p += 16;
    w->state = AT_ETHERNET;
  } else if (dport == 6081 && h[0] >> 6 == 0) { /* Geneve: options in words */
    u32 size = 16 + (h[0] & 0x3f) * 4;
    if (w->end - w->p < size) return;
    w->type = get16(h + 2);
    w->p += size;
    w->state = AT_TYPE;
  } else if (dport == 2152) {
    into_gtp(w);
  }
}

static void ports(const Walk *w, Packet *to) {
  long n = w->end - w->p;
  if (to->protocol == 1 || to->protocol == 58) {
    if (n >= 2) to->icmp_type = w->p[0], to->icmp_code = w->p[1];
    return;
  }
  if (to->protocol != 6 && to->protocol != 17 && to->protocol != 132) return;
  if (n >= 4) to->sport = get16(w->p), to->dport = get16(w->p + 2);
  if (to->protocol == 6 && n >= 14) to->flags = w->p[13];
}

/* Reads an IPv4 header; leaves the walk behind it. 0: not whole. */
static int read_ip4(Meter *m, Walk *w, Packet *to, int *first) {
  const u8 *h = w->p;
  if (w->end - h < 20 || h[0] >> 4 != 4) return 0;
  u32 size = (h[0] & 15) * 4;
  if (size < 20) return 0;
  u16 offset = get16(h + 6);
  to->family = 4;
  to->tos = h[1];
  to->length = get16(h + 2);
  to->protocol = h[9];
  to->fragment = (offset & 0x3fff) != 0;
  *first = (offset & 0x1fff) == 0;
  mapped4(to->src, h + 12);
  mapped4(to->dst, h + 16);
  to->source = get32(h + 12);
  to->slot = target4(m, get32(h + 16), &to->group);
  w->p += w->end - h < size ? w->end - h : size;
  return 1;
}

/* Reads an IPv6 header and its extensions. */
static int read_ip6(Meter *m, Walk *w, Packet *to, int *first) {
  const u8 *h = w->p;
  if (w->end - h < 40 || h[0] >> 4 != 6) return 0;
  to->family = 6;
  to->tos = (u8)(get16(h) >> 4);
  to->length = 40 + get16(h + 4);
  memcpy(to->src, h + 8, 16);
  memcpy(to->dst, h + 24, 16);
  to->source = mix(get64(h + 8)) ^ get64(h + 16);
  to->slot = target6(m, h + 24, &to->group);
  u8 next = h[6];
  w->p += 40;
  for (int i = 0; i < LAYERS; i++) {
    u32 size;
    if (next == 44) {
      if (w->end - w->p < 8) break;
      to->fragment = (get16(w->p + 2) & 0xfff9) != 0;
      *first = (get16(w->p + 2) & 0xfff8) == 0;
      size = 8;
    } else if (next == 0 || next == 43 || next == 60 || next == 135) {
      if (w->end - w->p < 2) break;
      size = (w->p[1] + 1) * 8;
    } else if (next == 51) {
      if (w->end - w->p < 2) break;
      size = (w->p[1] + 2) * 4;
    } else {
      break;
    }
    next = w->p[0];
    w->p += w->end - w->p < size ? w->end - w->p : size;
    if (!*first) break;
  }
  to->protocol = next;
  return 1;
}

/* Into one of two places, so that the packet without is there still when the one within is not whole; none is
 * copied. 0 where the header holds no whole IP header. */
static const Packet *read_packet(Meter *m, const u8 *p, u32 n, int link, Packet place[2]) {
  Walk w = {p, p + n, AT_IP, 0, 0};
  if (link == LINK_ETHERNET) w.state = AT_ETHERNET;
  if (link == LINK_MPLS) w.state = AT_MPLS;
  const Packet *found = 0;
  for (int layer = 0; layer < LAYERS * 2 && w.state != AT_END; layer++) {
    if (w.state == AT_ETHERNET) {
      if (w.end - w.p < 14) break;
      w.type = get16(w.p + 12);
      w.p += 14;
      w.state = AT_TYPE;
      if (w.type == 0x0800 || w.type == 0x86dd) w.state = AT_IP;
    } else if (w.state == AT_TYPE) {
      after_type(&w);
    } else if (w.state == AT_MPLS) {
      after_labels(&w);
    } else {
      Packet *here = found == place ? place + 1 : place;
      *here = (Packet){.vlan = w.vlan, .tunnel = found != 0};
      int first = 1;
      if (w.p >= w.end) break;
      if (!(*w.p >> 4 == 4 ? read_ip4(m, &w, here, &first) : read_ip6(m, &w, here, &first))) break;
      if (first) ports(&w, here);
      found = here;
      if (here->group && !m->groups[here->group].look_inside) break;
      if (!first || here->fragment) break;
      if (here->protocol == 47) into_gre(&w);
      else if (here->protocol == 4 || here->protocol == 41) w.state = AT_IP;
      else if (here->protocol == 17) into_udp(&w, here->dport);
      else break;
    }
  }
  return found;
}
