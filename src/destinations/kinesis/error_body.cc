#include "destinations/kinesis/error_body.h"

#include <nlohmann/json.hpp>

#include "destinations/kinesis/cbor_reader.h"

namespace sluice::kinesis {
namespace {

std::string text_in(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<ErrorBody> read_json_error(std::string_view body) {
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  ErrorBody error{text_in(json, "__type"), text_in(json, "message")};
  if (error.message.empty()) error.message = text_in(json, "Message");
  return error;
}

std::optional<ErrorBody> read_cbor_error(std::string_view body) {
  CborReader reader;
  reader.begin(body);
  std::string_view type, message, other_message;
  const bool read = reader.read_map([&](std::string_view name) {
    bool is_null = false;
    if (name == "__type") return reader.read_text_or_skip(type, is_null);
    if (name == "message") return reader.read_text_or_skip(message, is_null);
    if (name == "Message") return reader.read_text_or_skip(other_message, is_null);
    return reader.skip();
  });
  if (!read || !reader.at_end()) return std::nullopt;
  return ErrorBody{std::string(type), std::string(message.empty() ? other_message : message)};
}

}  // namespace

std::optional<ErrorBody> read_error_body(std::string_view body) {
  return looks_like_cbor(body) ? read_cbor_error(body) : read_json_error(body);
}

}  // namespace sluice::kinesis
