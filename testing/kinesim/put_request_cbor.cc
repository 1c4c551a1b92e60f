#include "kinesim/cbor.h"
#include "kinesim/put_request.h"

#include <cstring>

namespace kinesim {
namespace {

constexpr std::size_t kMostCborEntries = 10'000;  // far beyond what is valid: bounds memory, not behaviour

class BodyReader {
 public:
  BodyReader(std::string_view body, PutRequest& request) : reader_(body), request_(request) {}

  bool whole_body() {
    return map([this](std::string_view name) { return top_field(name); }) && reader_.at_end();
  }
  std::size_t left() const { return reader_.left(); }

 private:
  bool top_field(std::string_view name) {
    if (name == "Records") return records();
    if (name == "StreamName") return string(request_.stream_name);
    if (name == "StreamARN") return string(request_.stream_arn);
    if (name == "SequenceNumberForOrdering") return string(request_.sequence_number_for_ordering);
    return entry_field(name, request_.single);
  }

  bool records() {
    CborReader::Head head{};
    if (!reader_.head(head) || head.major != CborReader::Major::array) return false;
    request_.has_records = true;
    for (std::uint64_t i = 0; head.indefinite ? !reader_.take_break() : i < head.value; ++i) {
      if (request_.entries.size() == kMostCborEntries) return false;
      PutRequestEntry& entry = request_.entries.emplace_back();
      if (!map([&](std::string_view field) { return entry_field(field, entry); })) return false;
    }
    return true;
  }

  bool entry_field(std::string_view name, PutRequestEntry& entry) {
    if (name == "Data") return string(entry.data);
    if (name == "PartitionKey") return string(entry.partition_key);
    if (name == "ExplicitHashKey") return string(entry.explicit_hash_key);
    return reader_.skip();
  }

  template <typename Field>
  bool map(Field&& field) {
    CborReader::Head head{};
    if (!reader_.head(head) || head.major != CborReader::Major::map) return false;
    for (std::uint64_t i = 0; head.indefinite ? !reader_.take_break() : i < head.value; ++i) {
      std::string_view name;
      std::string joined_name;
      if (!reader_.string(name, joined_name) || !field(name)) return false;
    }
    return true;
  }

  bool string(std::optional<std::string_view>& out) {
    if (reader_.take_null()) return true;
    std::string_view text;
    if (!reader_.string(text, joined_)) return false;
    if (text.data() == joined_.data()) {
      std::memcpy(request_.room(), text.data(), text.size());
      text = request_.keep(text.size());
    }
    out = text;
    return true;
  }

  CborReader reader_;
  PutRequest& request_;
  std::string joined_;
};

}  // namespace

sluice::Result<void> PutRequest::parse_cbor(std::string_view body) {
  begin(body.size());
  BodyReader reader(body, *this);
  if (!reader.whole_body())
    return sluice::fail("expected a CBOR map of PutRecords up to byte " + std::to_string(body.size() - reader.left()) +
                        " of the body");
  return {};
}

}  // namespace kinesim
