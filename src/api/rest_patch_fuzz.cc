// Any bytes as the body of a PATCH: a JSON Patch, a merge patch, either with a comment, a semantic patch of a flag.
// Reading ends, in bounded memory; what comes out is an object whose read-only members are as they were, and a refusal
// says why.
#include <cstdint>
#include <string_view>

#include "api/flag_patch.h"
#include "api/rest_body.h"
#include "api/rest_patch.h"
#include "base/check.h"

namespace {

using nlohmann::json;
using namespace sluice::api;

const json kDestination = json::parse(R"({"_id":"610addeadbeefaa86ec9a7d4","_links":{"self":{"href":"/a"}},"name":"a",
  "kind":"kinesis","version":3,"on":false,"config":{"region":"us-east-1","kinds":["feature","custom"]},"_access":{}})");
const json kFlag = json::parse(R"({"_links":{},"key":"f","name":"f","kind":"boolean","_version":1,"tags":[],
  "variations":[{"_id":"0","value":true}],"environments":{"a":{"trackEvents":false},"b":{"trackEvents":true}}})");

void check_read_only(const json& before, const json& after) {
  SLUICE_CHECK(after.is_object(), "a patch leaves an object");
  for (const auto& [name, value] : before.items())
    if (name.starts_with('_')) SLUICE_CHECK(after.value(name, json()) == value, "read-only members stay");
}

void check_refusal(const RestError& error) {
  SLUICE_CHECK(error.status == 400 || error.status == 409, "a patch is refused as a fault or a conflict");
  SLUICE_CHECK(!error.message.empty(), "a refusal says why");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto body = parsed_body(text);
  if (!body) {
    check_refusal(body.error());
    return 0;
  }
  const Caller caller;
  const RestCall call{{}, {}, *body, "application/json", caller};
  for (const json* before : {&kDestination, &kFlag}) {
    const auto result = patched(*before, call);
    if (result) {
      check_read_only(*before, result->after);
      static_cast<void>(result->after.dump(-1, ' ', false, json::error_handler_t::replace));
    } else {
      check_refusal(result.error());
    }
  }
  const auto switches = flag_switches(kFlag, call);
  if (!switches) check_refusal(switches.error());
  return 0;
}
