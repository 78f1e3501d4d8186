/* Templates of NetFlow 9 and IPFIX: from the fields on the wire to the places of what we read. */
#include "sessions.h"

enum { REVERSE_PEN = 29305 };

static u16 role_of(u16 id) {
  switch (id) {
    case 1: return BYTES;
    case 2: return PACKETS;
    case 3: return FLOWS;
    case 4: return PROTOCOL;
    case 5: return TOS;
    case 6: return FLAGS;
    case 7: case 180: case 182: return SPORT;
    case 8: return SRC4;
    case 10: return IN_IF;
    case 11: case 181: case 183: return DPORT;
    case 12: return DST4;
    case 14: return OUT_IF;
    case 16: return SRC_AS;
    case 17: return DST_AS;
    case 21: return LAST_UP;
    case 22: return FIRST_UP;
    case 23: return BYTES_POST;
    case 24: return PACKETS_POST;
    case 27: return SRC6;
    case 28: return DST6;
    case 32: case 139: return ICMP;
    case 34: case 50: return INTERVAL;
    case 48: case 302: return SAMPLER;
    case 58: case 243: return VLAN;
    case 61: return DIRECTION;
    case 85: return BYTES_TOTAL;
    case 86: return PACKETS_TOTAL;
    case 88: return OFFSET;
    case 104: case 315: return SECTION_L2;
    case 150: return FIRST_S;
    case 151: return LAST_S;
    case 152: return FIRST_MS;
    case 153: return LAST_MS;
    case 154: case 156: return FIRST_NTP;
    case 155: case 157: return LAST_NTP;
    case 158: return FIRST_AGO;
    case 159: return LAST_AGO;
    case 160: return BOOT_MS;
    case 176: case 178: return ICMP_TYPE;
    case 177: case 179: return ICMP_CODE;
    case 197: return MORE;
    case 224: return IP_LENGTH;
    case 231: return BYTES_FIRST;
    case 232: return BACK_BYTES;
    case 298: return PACKETS_FIRST;
    case 299: return BACK_PACKETS;
    case 305: return SPACE_TAKEN;
    case 306: return SPACE;
    case 309: return SIZE;
    case 310: return POPULATION;
    case 311: return PROBABILITY;
    case 312: return FRAME_SIZE;
    case 313: return SECTION_IP;
    case 352: return BYTES_L2;
  }
  return NOTHING;
}

static u16 reverse_role(u16 id) {
  if (id == 1 || id == 85) return BACK_BYTES;
  if (id == 2 || id == 86) return BACK_PACKETS;
  return NOTHING;
}

INLINE int has(const Plan *p, u16 role) { return p->at[role] != ABSENT; }

static void prefer(Plan *p, u16 role, const u16 *others, int n) {
  for (int i = 0; i < n && !has(p, role); i++) {
    p->at[role] = p->at[others[i]];
    p->length[role] = p->length[others[i]];
  }
}

/* Addresses of a length of their own are not addresses. */
static u16 fitting(u16 role, u16 length) {
  if ((role == SRC4 || role == DST4) && length != 4) return NOTHING;
  if ((role == SRC6 || role == DST6) && length != 16) return NOTHING;
  if (length == 0) return NOTHING;
  return role;
}

static void settle_plan(Plan *p) {
  static const u16 bytes[] = {BYTES_FIRST, BYTES_TOTAL, BYTES_POST, BYTES_L2};
  static const u16 packets[] = {PACKETS_FIRST, PACKETS_TOTAL, PACKETS_POST};
  prefer(p, BYTES, bytes, 4);
  prefer(p, PACKETS, packets, 3);
}

/* A simple template's records can be counted in one tight loop. */
static u8 is_simple(const Template *t) {
  static const u16 hard[] = {BACK_BYTES, BACK_PACKETS, INTERVAL, SECTION_L2, SECTION_IP};
  const Plan *p = &t->plan;
  for (int i = 0; i < 5; i++)
    if (has(p, hard[i])) return 0;
  if (t->options || t->variable || !has(p, BYTES) || !has(p, PACKETS)) return 0;
  if (p->length[BYTES] > 8 || p->length[PACKETS] > 8) return 0;
  if (has(p, PROTOCOL) && p->length[PROTOCOL] != 1) return 0;
  if (has(p, DST4) && has(p, SRC4)) return !has(p, DST6);
  return has(p, DST6) && has(p, SRC6);
}

static int keep(Meter *m, Session *s, const Template *made, const Field *field) {
  Template **link = template_link(m, s, made->id);
  size_t size = template_size(made);
  size_t freed = *link ? template_size(*link) : 0;
  if (!*link && (s->templates >= SESSION_TEMPLATES || m->templates >= m->templates_max)) goto full;
  if (m->template_bytes - freed + size > m->template_bytes_max) goto full;
  Template *kept = malloc(size);
  if (!kept) goto full;
  memcpy(kept, made, sizeof *made);
  if (made->variable) memcpy(kept->field, field, made->fields * sizeof *field);
  if (*link) forget_template(m, s, link);
  kept->next = *link;
  *link = kept;
  m->templates++;
  m->template_bytes += size;
  s->templates++;
  s->templates_heard++;
  return 1;
full:
  m->faults[F_TEMPLATE_LIMIT]++;
  return 0;
}

/* Read the field list of one template and keep it. 0: the rest of the set makes no sense. */
static int read_fields(Meter *m, Session *s, Template *t, u32 count, u32 scopes, int ipfix, const u8 **at,
                       const u8 *end) {
  Field field[TEMPLATE_FIELDS];
  memset(&t->plan.at, 0xff, sizeof t->plan.at);
  u32 offset = 0;
  const u8 *p = *at;
  int fits = count <= TEMPLATE_FIELDS;
  for (u32 i = 0; i < count; i++) {
    if (end - p < 4) return 0;
    u16 id = get16(p), length = get16(p + 2), role;
    p += 4;
    if (ipfix && id & 0x8000) {
      if (end - p < 4) return 0;
      role = get32(p) == REVERSE_PEN ? reverse_role(id & 0x7fff) : NOTHING;
      p += 4;
    } else if (!ipfix && i < scopes) {
      role = id == 2 ? IN_IF : NOTHING; /* scopes of NetFlow 9 have numbers of their own */
    } else {
      role = role_of(id);
    }
    role = fitting(role, length);
    int variable = length == 65535; /* some write it in NetFlow 9 as well */
    if (fits) field[i] = (Field){role, length};
    if (role && !has(&t->plan, role) && !t->variable && offset < ABSENT) {
      t->plan.at[role] = (u16)offset;
      t->plan.length[role] = length;
    }
    offset += variable ? 1 : length;
    t->variable |= variable;
  }
  *at = p;
  if (offset == 0 || offset > 65000) {
    m->faults[F_TEMPLATE]++;
    s->malformed++;
    return 1;
  }
  if (!fits) {
    m->faults[F_TEMPLATE_LIMIT]++;
    return 1;
  }
  t->size = (u16)offset;
  t->fields = (u16)count;
  settle_plan(&t->plan);
  t->simple = is_simple(t);
  keep(m, s, t, field);
  return 1;
}

static void withdraw(Meter *m, Session *s, u16 id, int options) {
  if (id == 2 || id == 3) {
    forget_templates(m, s, id == 3);
    return;
  }
  Template **link = template_link(m, s, id);
  if (*link && (*link)->options == options) forget_template(m, s, link);
}

/* One set of templates (or of options templates). */
static void read_templates(Meter *m, Session *s, const u8 *p, const u8 *end, int ipfix, int options) {
  while (end - p >= 4) {
    u16 id = get16(p);
    u32 count = get16(p + 2), scopes = 0;
    p += 4;
    if (ipfix && count == 0) {
      if (id == 0) return; /* padding */
      withdraw(m, s, id, options);
      continue;
    }
    if (id < 256) {
      if (id || count) {
        m->faults[F_TEMPLATE]++;
        s->malformed++;
      }
      return;
    }
    if (options) {
      if (end - p < 2) goto bad;
      scopes = get16(p);
      p += 2;
      if (!ipfix) { /* lengths in bytes: of the scopes, of the options */
        u32 whole = count + scopes;
        if (count % 4 || scopes % 4) goto bad;
        scopes = count / 4;
        count = whole / 4;
      } else if (scopes == 0 || scopes > count) {
        goto bad;
      }
    }
    if (count == 0) {
      m->faults[F_TEMPLATE]++;
      s->malformed++;
      continue;
    }
    Template t = {.id = id, .options = (u8)options};
    if (!read_fields(m, s, &t, count, scopes, ipfix, &p, end)) goto bad;
  }
  return;
bad:
  m->faults[F_TEMPLATE]++;
  s->malformed++;
}
