// What the machine itself allows, to read the benchmarks of the stages beside: copying, hashing, encrypting a body of
// 100 events of 600 bytes, and syncing to its disk. Libraries' work, not Sluice's. TMPDIR chooses the disk.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/random.h"

namespace sluice {
namespace {

constexpr std::size_t kEvents = 100, kEventBytes = 600, kBodyBytes = kEvents * kEventBytes;

std::string body() {
  Random random(1);
  std::string out(kBodyBytes, '\0');
  for (char& c : out) c = static_cast<char>(' ' + random.below(95));
  return out;
}

void per_event(benchmark::State& state) {
  const auto events = state.iterations() * static_cast<std::int64_t>(kEvents);
  state.SetBytesProcessed(events * static_cast<std::int64_t>(kEventBytes));
  state.counters["ns_per_event"] =
      benchmark::Counter(static_cast<double>(events) * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void copy(benchmark::State& state) {
  const std::string from = body();
  std::string to(from.size(), '\0');
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  per_event(state);
}
BENCHMARK(copy);

void crc(benchmark::State& state) {
  const std::string from = body();
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(from.data(), from.size()));
  per_event(state);
}
BENCHMARK(crc);

void base64(benchmark::State& state) {
  const std::string from = body();
  std::string to(base64_size(from.size()) + 32, '\0');
  for (auto _ : state) benchmark::DoNotOptimize(base64_write(to.data(), from));
  per_event(state);
}
BENCHMARK(base64);

void sha256(benchmark::State& state) {
  const std::string from = body();
  unsigned char digest[EVP_MAX_MD_SIZE];
  for (auto _ : state) {
    EVP_Digest(from.data(), from.size(), digest, nullptr, EVP_sha256(), nullptr);
    benchmark::DoNotOptimize(digest);
  }
  per_event(state);
}
BENCHMARK(sha256);

// In records of 16 KiB, as TLS has them.
void aes_gcm(benchmark::State& state) {
  constexpr std::size_t kRecordBytes = 16u << 10;
  const std::string from = body();
  std::string to(kRecordBytes + EVP_MAX_BLOCK_LENGTH, '\0');
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> cipher(EVP_CIPHER_CTX_new(),
                                                                               EVP_CIPHER_CTX_free);
  unsigned char key[32] = {1}, nonce[12] = {}, tag[16];
  auto* const out = reinterpret_cast<unsigned char*>(to.data());
  EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key, nonce);
  for (auto _ : state)
    for (std::size_t at = 0; at < from.size(); at += kRecordBytes) {
      int size = 0;
      EVP_EncryptInit_ex(cipher.get(), nullptr, nullptr, nullptr, nonce);
      EVP_EncryptUpdate(cipher.get(), out, &size, reinterpret_cast<const unsigned char*>(from.data() + at),
                        static_cast<int>(std::min(kRecordBytes, from.size() - at)));
      EVP_EncryptFinal_ex(cipher.get(), out + size, &size);
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, sizeof tag, tag);
      benchmark::DoNotOptimize(tag);
    }
  per_event(state);
}
BENCHMARK(aes_gcm);

// A file of 64 MiB that was written before: a recycled segment. `state.range(0)` bytes, written, and synced if
// `state.range(1)`.
void append(benchmark::State& state) {
  constexpr std::size_t kFileBytes = 64u << 20;
  std::string name = (std::filesystem::temp_directory_path() / "machine-bench-XXXXXX").string();
  const int file = ::mkstemp(name.data());
  std::filesystem::remove(name);
  const std::string piece(1u << 20, 'p');
  for (std::size_t at = 0; at < kFileBytes; at += piece.size())
    if (::pwrite(file, piece.data(), piece.size(), static_cast<off_t>(at)) < 0) state.SkipWithError("cannot write");
  ::fdatasync(file);
  const auto bytes = static_cast<std::size_t>(state.range(0));
  std::size_t at = 0;
  for (auto _ : state) {
    if (::pwrite(file, piece.data(), bytes, static_cast<off_t>(at)) < 0) state.SkipWithError("cannot write");
    if (state.range(1) != 0 && ::fdatasync(file) != 0) state.SkipWithError("cannot sync");
    at = (at + bytes) % (kFileBytes - piece.size());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  ::close(file);
}
BENCHMARK(append)->Args({60'000, 0})->Args({4'096, 1})->Args({60'000, 1})->Args({1 << 20, 1})->UseRealTime();

}  // namespace
}  // namespace sluice
