#include "kinesim/wire.h"

#include "base/hex.h"
#include "base/json_string.h"
#include "base/random.h"
#include "kinesim/cbor.h"
#include "kinesim/digest.h"

namespace kinesim {
namespace {

std::string form_text(std::string_view encoded) {
  std::string out;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '%' && i + 2 < encoded.size() && sluice::hex_value(encoded[i + 1]) >= 0 &&
        sluice::hex_value(encoded[i + 2]) >= 0) {
      out += static_cast<char>(sluice::hex_value(encoded[i + 1]) * 16 + sluice::hex_value(encoded[i + 2]));
      i += 2;
    } else {
      out += encoded[i] == '+' ? ' ' : encoded[i];
    }
  }
  return out;
}

bool write_page(const ApiError& error, Answer& answer) {
  if (!error.code.empty()) return false;
  answer.status = error.status;
  answer.content_type = "text/html";
  answer.body = error.message;
  return true;
}

}  // namespace

void write_kinesis_error(const ApiError& error, bool cbor, Answer& answer) {
  if (write_page(error, answer)) return;
  answer.status = error.status;
  answer.body.clear();
  if (cbor) {
    CborWriter writer(answer.body);
    writer.map(2);
    writer.text("__type");
    writer.text(error.code);
    writer.text("message");
    writer.text(error.message);
    answer.content_type = kCborType;
    return;
  }
  answer.body = "{\"__type\":";
  sluice::append_json_string(answer.body, error.code);
  answer.body += ",\"message\":";
  sluice::append_json_string(answer.body, error.message);
  answer.body += '}';
  answer.content_type = kJsonType;
}

void write_sts_error(const ApiError& error, std::string_view request_id, Answer& answer) {
  if (write_page(error, answer)) return;
  answer.status = error.status;
  answer.content_type = "text/xml";
  answer.body = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>" +
                std::string(error.status >= 500 ? "Receiver" : "Sender") + "</Type>\n    <Code>" +
                xml_text(error.code) + "</Code>\n    <Message>" + xml_text(error.message) +
                "</Message>\n  </Error>\n  <RequestId>" + std::string(request_id) + "</RequestId>\n</ErrorResponse>\n";
}

std::map<std::string, std::string, std::less<>> parse_form(std::string_view form) {
  std::map<std::string, std::string, std::less<>> out;
  while (!form.empty()) {
    const auto field = form.substr(0, form.find('&'));
    const auto equals = field.find('=');
    out[form_text(field.substr(0, equals))] = equals == field.npos ? "" : form_text(field.substr(equals + 1));
    form.remove_prefix(std::min(field.size() + 1, form.size()));
  }
  return out;
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string new_request_id() {
  thread_local sluice::Random random = sluice::Random::from_system();
  const std::uint64_t words[] = {random.next(), random.next()};
  std::string text = hex(std::string_view(reinterpret_cast<const char*>(words), sizeof words));
  text[12] = '4';
  text[16] = '8';
  for (const std::size_t at : {20u, 16u, 12u, 8u}) text.insert(at, "-");
  return text;
}

}  // namespace kinesim
