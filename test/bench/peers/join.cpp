// The exact set-similarity join of Winnow (src/core/sign) in C++, as a measure of what its language costs: ASCII tokens,
// word 1- and 2-grams, prefix filter, 64 parity bits, verification. `join <file.jsonl> <tn> <td>`: reads {"text": "..."} rows,
// prints the milliseconds of processor time of signing and joining, and how many rows were linked. `join` alone counts: what a
// processor does that needs no memory.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>
using u32 = uint32_t;
using u64 = uint64_t;
static double cpu() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}
static u32 mix(u64 g) {
  g ^= g >> 32;
  g *= 0xE7037ED1A0B428DBull;
  return g >> 32;
}
static std::vector<u32> parent_;
static u32 root(u32 x) {
  while (parent_[x] != x) x = parent_[x] = parent_[parent_[x]];
  return x;
}
int main(int count, char **args) {
  if (count == 1) {
    u64 a = 1, b = 2, c = 3;
    for (u32 i = 0; i < 400000000; i++) {
      a = a * 6364136223846793005ull + 1;
      b = b * 6364136223846793005ull + 3;
      c ^= c << 13, c ^= c >> 7, c ^= c << 17;
    }
    printf("%u\n", u32(a ^ b ^ c));
    return 0;
  }
  if (count < 4) return 2;
  const u64 tn = atoi(args[2]), td = atoi(args[3]);
  FILE *file = fopen(args[1], "rb");
  if (!file) return 2;
  fseek(file, 0, SEEK_END);
  std::string all(ftell(file), 0);
  rewind(file);
  if (fread(&all[0], 1, all.size(), file) != all.size()) return 2;
  std::vector<std::pair<size_t, size_t>> rows;
  for (size_t at = 0; at < all.size();) {
    size_t end = all.find('\n', at), from = all.find("\"text\":\"", at) + 8;
    rows.push_back({from, all.find('"', from)});
    at = end == std::string::npos ? all.size() : end + 1;
  }
  const double start = cpu();
  std::vector<u32> pool, begin{0};
  std::vector<u64> bits, tokens;
  std::vector<u32> set;
  for (auto [from, to] : rows) {
    tokens.clear();
    u64 h = 0;
    bool inside = false;
    for (size_t i = from; i <= to; i++) {
      unsigned char c = i < to ? all[i] : ' ';
      if (c >= 'A' && c <= 'Z') c += 32;
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
        h = (h ^ c) * 0x9E3779B97F4A7C15ull;
        h ^= h >> 29;
        inside = true;
      } else if (inside) {
        tokens.push_back(h);
        h = 0;
        inside = false;
      }
    }
    set.clear();
    for (size_t i = 0; i < tokens.size(); i++) {
      set.push_back(mix(tokens[i] * 0xD6E8FEB86659FD93ull));
      if (i) set.push_back(mix(tokens[i - 1] * 0xA0761D6478BD642Full + tokens[i] * 0x8EBC6AF09C88C6E3ull));
    }
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
    u64 parity = 0;
    for (u32 x : set) parity ^= 1ull << (x & 63), pool.push_back(x);
    bits.push_back(parity);
    begin.push_back(pool.size());
  }
  const double signedAt = cpu();
  const u32 n = rows.size();
  std::vector<u32> df(1 << 23);
  for (u32 x : pool) df[x >> 9]++;
  std::vector<u64> postings, order;
  for (u32 r = 0; r < n; r++) {
    u64 size = begin[r + 1] - begin[r];
    if (!size) continue;
    u64 prefix = size - (tn * size + td - 1) / td + 1;
    order.clear();
    for (u32 i = begin[r]; i < begin[r + 1]; i++) order.push_back((u64)df[pool[i] >> 9] << 32 | pool[i]);
    std::nth_element(order.begin(), order.begin() + prefix - 1, order.end());
    for (u64 i = 0; i < prefix; i++) postings.push_back(order[i] << 32 | r);
  }
  std::vector<u64> other(postings.size());
  for (int shift = 32; shift < 64; shift += 11) {
    u32 at[2049] = {0};
    for (u64 x : postings) at[((x >> shift) & 2047) + 1]++;
    for (int i = 0; i < 2048; i++) at[i + 1] += at[i];
    for (u64 x : postings) other[at[(x >> shift) & 2047]++] = x;
    postings.swap(other);
  }
  parent_.resize(n);
  for (u32 i = 0; i < n; i++) parent_[i] = i;
  for (size_t from = 0; from < postings.size();) {
    size_t to = from + 1;
    while (to < postings.size() && postings[to] >> 32 == postings[from] >> 32) to++;
    for (size_t i = from + 1; i < to; i++) {
      const u32 x = postings[i];
      for (size_t j = from; j < i; j++) {
        const u32 y = postings[j];
        const u64 a = begin[x + 1] - begin[x], b = begin[y + 1] - begin[y];
        if (__builtin_popcountll(bits[x] ^ bits[y]) * (td + tn) > (a + b) * (td - tn) || root(x) == root(y)) continue;
        const u64 need = (tn * (a + b) + tn + td - 1) / (tn + td);
        u64 shared = 0;
        for (u32 p = begin[x], q = begin[y]; p < begin[x + 1] && q < begin[y + 1];) {
          if (pool[p] == pool[q]) shared++, p++, q++;
          else if (pool[p] < pool[q]) p++;
          else q++;
        }
        if (shared >= need) parent_[std::max(root(x), root(y))] = std::min(root(x), root(y));
      }
    }
    from = to;
  }
  u32 linked = 0;
  for (u32 i = 0; i < n; i++) linked += root(i) != i;
  printf("{\"sign\": %.1f, \"join\": %.1f, \"linked\": %u}\n", signedAt - start, cpu() - signedAt, linked);
}
