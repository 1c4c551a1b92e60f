#include "destinations/form.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sluice::destinations {

using Json = nlohmann::ordered_json;

std::string_view field_type_name(FieldType type) {
  constexpr std::array<std::string_view, 10> kNames = {"text",  "secret", "number", "boolean",  "choice",
                                                       "texts", "pairs",  "size",   "duration", "region"};
  return kNames[static_cast<std::size_t>(type)];
}

namespace {

Json field_json(const FormField& field) {
  Json out = {{"key", field.key},
              {"flag", field.flag},
              {"label", field.label},
              {"help", field.help},
              {"type", field_type_name(field.type)},
              {"group", field.group},
              {"required", field.required}};
  for (const auto& [name, text] : {std::pair{"default", &field.default_value},
                                   {"example", &field.example},
                                   {"pattern", &field.pattern},
                                   {"dependsOn", &field.depends_on}})
    if (!text->empty()) out[name] = *text;
  if (!field.depends_values.empty()) out["dependsOnValues"] = field.depends_values;
  for (const FieldChoice& choice : field.choices)
    out["choices"].push_back({{"value", choice.value}, {"label", choice.label}, {"help", choice.help}});
  return out;
}

}  // namespace

Json form_json(const Form& form, const std::vector<std::string>& secret) {
  Json groups = Json::array(), fields = Json::array();
  for (const FormGroup& group : form.groups)
    groups.push_back({{"key", group.key}, {"title", group.title}, {"help", group.help}});
  for (const FormField& field : form.fields) {
    fields.push_back(field_json(field));
    fields.back()["secret"] = std::ranges::find(secret, field.key) != secret.end();
  }
  return {{"groups", std::move(groups)}, {"fields", std::move(fields)}};
}

}  // namespace sluice::destinations
