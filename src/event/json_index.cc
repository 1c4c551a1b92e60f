#include "event/json_index.h"

#include <simdjson.h>

#include <algorithm>

namespace sluice::event {

struct JsonIndex::Scanner {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages;
};

JsonIndex::JsonIndex() : scanner_(std::make_unique<Scanner>()) {}
JsonIndex::~JsonIndex() = default;

bool JsonIndex::scan(std::string_view text) {
  constexpr std::size_t kSmallestCapacity = 64 << 10;
  constexpr std::size_t kDepthUnused = 1;  // of stage 2
  text_ = text;
  size_ = 0;
  if (text.empty() || text.size() > kMaxJsonText) return false;
  auto& stages = scanner_->stages;
  if (stages &&
      (stages->capacity() < text.size() || (stages->capacity() > kKeptCapacity && text.size() <= kKeptCapacity)))
    stages.reset();
  if (!stages) {
    const std::size_t capacity = std::max(text.size(), kSmallestCapacity);
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, kDepthUnused, stages) !=
        simdjson::SUCCESS)
      return false;
  }
  if (stages->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), simdjson::stage1_mode::regular) !=
      simdjson::SUCCESS)
    return false;
  size_ = stages->n_structural_indexes;
  // Behind the tokens simdjson keeps room for three marks of the end.
  stages->structural_indexes[size_] = static_cast<std::uint32_t>(text.size());
  offsets_ = stages->structural_indexes.get();
  return size_ > 0;
}

void JsonIndex::release() {
  if (scanner_->stages && scanner_->stages->capacity() > kKeptCapacity) scanner_->stages.reset();
  size_ = 0;
  offsets_ = nullptr;
}

// Space between two tokens, and behind the last one, ends right in front of what follows. The byte in front of a token
// never lies in a string: that of the string before is its closing quote.
bool JsonIndex::has_whitespace() const {
  if (size_ == 0) return false;
  if (offsets_[0] > 0) return true;
  return std::any_of(offsets_ + 1, offsets_ + size_ + 1,
                     [&](std::uint32_t offset) { return static_cast<unsigned char>(text_[offset - 1]) <= ' '; });
}

}  // namespace sluice::event
