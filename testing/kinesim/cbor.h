// CBOR (RFC 8949) as the AWS SDK for Java speaks it to Kinesis: definite and indefinite lengths, byte strings for data,
// and tag 1 with milliseconds for times.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kinesim {

// Reads forward through CBOR bytes. Every step is false when the bytes are something else, or end.
class CborReader {
 public:
  explicit CborReader(std::string_view bytes) : rest_(bytes) {}

  enum class Major : std::uint8_t { unsigned_number, negative_number, bytes, text, array, map, tag, simple };
  struct Head {
    Major major;
    std::uint64_t value;  // length or number
    bool indefinite;
  };
  bool head(Head& out);
  // A break that ends an indefinite array or map.
  bool take_break();
  // A text or byte string (either), in one piece or in pieces; pieces are joined in `joined`.
  bool string(std::string_view& out, std::string& joined);
  // Null or undefined.
  bool take_null();
  bool skip(int depth = 0);
  bool at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

// Appends CBOR items.
class CborWriter {
 public:
  explicit CborWriter(std::string& out) : out_(out) {}
  void map(std::uint64_t size) { head(5, size); }
  void array(std::uint64_t size) { head(4, size); }
  void text(std::string_view text);
  void bytes(std::string_view bytes);
  void number(std::int64_t number);
  void floating(double number);
  void boolean(bool value) { out_ += static_cast<char>(value ? 0xF5 : 0xF4); }
  void null() { out_ += static_cast<char>(0xF6); }
  void time_ms(std::int64_t wall_ms);

 private:
  void head(unsigned major, std::uint64_t value);
  std::string& out_;
};

}  // namespace kinesim
