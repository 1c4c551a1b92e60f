#include "destinations/kinesis/kpl_record.h"

#include <openssl/evp.h>

#include <cstring>

#include "base/check.h"

namespace sluice::kinesis {
namespace {

constexpr std::string_view kKplMagic = "\xf3\x89\x9a\xc2";
constexpr std::size_t kMd5Bytes = 16;

// Of protobuf: field number and type 2, "length and bytes".
constexpr char kPartitionKeyTableTag = 1 << 3 | 2, kHashKeyTableTag = 2 << 3 | 2, kRecordsTag = 3 << 3 | 2,
               kDataTag = 3 << 3 | 2;
// partition_key_index = 0, explicit_hash_key_index = 0.
constexpr std::string_view kFirstOfBoth{"\x08\x00\x10\x00", 4};

constexpr std::uint64_t varint_size(std::uint64_t value) {
  std::uint64_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

char* write_varint(char* out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
  *out++ = static_cast<char>(value);
  return out;
}

char* write_text(char* out, std::string_view bytes) {
  std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

constexpr std::uint64_t field_size(std::uint64_t bytes) { return 1 + varint_size(bytes) + bytes; }

char* write_field(char* out, char tag, std::string_view bytes) {
  *out++ = tag;
  return write_text(write_varint(out, bytes.size()), bytes);
}

constexpr std::uint64_t record_size(std::uint64_t line_bytes) { return kFirstOfBoth.size() + field_size(line_bytes); }

std::uint64_t fixed_size(std::uint64_t key_bytes, std::uint64_t hash_key_digits) {
  return kKplMagic.size() + field_size(key_bytes) + field_size(hash_key_digits) + kMd5Bytes;
}

const EVP_MD* md5() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "MD5", nullptr);
  SLUICE_CHECK(fetched != nullptr, "the encoding kpl needs MD5 from OpenSSL, as its checksum");
  return fetched;
}

}  // namespace

std::uint64_t kpl_event_bytes(std::uint64_t line_bytes) { return field_size(record_size(line_bytes)); }

std::uint32_t kpl_fixed_bytes(std::uint32_t key_bytes) {
  return static_cast<std::uint32_t>(fixed_size(key_bytes, kMaxHashKeyDigits));
}

std::uint64_t kpl_size(const framing::Record& record, std::string_view partition_key, HashKey hash_key) {
  char digits[kMaxHashKeyDigits];
  std::uint64_t bytes =
      fixed_size(partition_key.size(), static_cast<std::uint64_t>(write_hash_key(digits, hash_key) - digits));
  for (const exporting::OutboundEvent& event : record.events) bytes += kpl_event_bytes(event.record_size());
  return bytes;
}

char* write_kpl(char* out, const framing::Record& record, std::string_view partition_key, HashKey hash_key) {
  char* const message = write_text(out, kKplMagic);
  char digits[kMaxHashKeyDigits];
  const std::string_view hash_key_digits(digits, static_cast<std::size_t>(write_hash_key(digits, hash_key) - digits));
  char* end = write_field(message, kPartitionKeyTableTag, partition_key);
  end = write_field(end, kHashKeyTableTag, hash_key_digits);
  for (const exporting::OutboundEvent& event : record.events) {
    const std::uint64_t line_bytes = event.record_size();
    *end++ = kRecordsTag;
    end = write_varint(end, record_size(line_bytes));
    end = write_text(end, kFirstOfBoth);
    *end++ = kDataTag;
    end = write_varint(end, line_bytes);
    end = event.entry->envelope.write(end, event.slot);
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  SLUICE_CHECK(EVP_Digest(message, static_cast<std::size_t>(end - message), digest, nullptr, md5(), nullptr) == 1,
               "MD5 takes any bytes");
  std::memcpy(end, digest, kMd5Bytes);
  return end + kMd5Bytes;
}

}  // namespace sluice::kinesis
