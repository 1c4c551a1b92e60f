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

// Whether the byte, which starts no token, belongs to a string and not to the space between tokens.
bool JsonIndex::inside_string(std::size_t offset) const {
  const std::uint32_t* after = std::upper_bound(offsets_, offsets_ + size_, static_cast<std::uint32_t>(offset));
  if (after == offsets_ || text_[after[-1]] != '"') return false;
  const std::size_t closing_quote = text_.rfind('"', *after - 1);
  return offset < closing_quote;
}

bool JsonIndex::has_whitespace() const {
  // These three stand in no string: scan() refuses a text with a control character in one.
  for (const char line_space : {'\n', '\r', '\t'})
    if (text_.find(line_space) != std::string_view::npos) return true;
  // A blank between letters or digits stands in a string, or the text is no JSON; any other has to be looked up.
  const auto may_border_token = [this](std::size_t neighbour) {
    return neighbour >= text_.size() || std::string_view("{}[]:,\" ").find(text_[neighbour]) != std::string_view::npos;
  };
  for (std::size_t at = text_.find(' '); at != std::string_view::npos; at = text_.find(' ', at + 1))
    if ((may_border_token(at - 1) || may_border_token(at + 1)) && !inside_string(at)) return true;
  return false;
}

}  // namespace sluice::event
