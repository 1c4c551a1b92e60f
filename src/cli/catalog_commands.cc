#include "cli/catalog_commands.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "base/terminal_text.h"
#include "base/text.h"
#include "base/text_file.h"
#include "cli/rest_commands.h"
#include "cli/server_options.h"
#include "cli/terminal.h"
#include "config/toml_json.h"
#include "server/settings.h"

namespace sluice::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMaxImportBytes = 64u << 20;
constexpr std::array<const char*, 4> kImported = {"project", "environment", "flag", "destination"};

struct CatalogArguments {
  ServerOptions server;
  std::string file;
  bool json = false;
  std::map<std::string, std::string> settings;
  std::string project, environment;
};

// A message may have several lines, one for each fault.
int refuse(std::string_view message, int status) {
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size());
    complain(message.substr(0, end));
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  return status;
}

// The reply's body when the server did it; otherwise `status` is what to exit with, and why was told.
std::optional<ordered_json> call(const CatalogArguments& given, const char* method, const std::string& path,
                                 const std::optional<ordered_json>& body, int& status) {
  const auto server = server_of(given.server);
  if (!server) {
    status = refuse(server.error().message, 2);
    return std::nullopt;
  }
  const auto reply = call_rest(*server, method, path, body);
  if (!reply) {
    status = refuse(reply.error().message, kUnreachable);
    return std::nullopt;
  }
  if (reply->status >= 300) {
    status = refuse(reply->body.is_object() ? reply->body.value("message", "") : "No reason given", kRefused);
    return std::nullopt;
  }
  return reply->body;
}

// A table that is neither imported nor a setting of the server, which has its own in the same file.
std::string fault_of_tables(const nlohmann::json& file) {
  std::string unknown;
  for (const auto& [name, value] : file.items()) {
    const auto begins = [&name = name](std::string_view key) { return key.substr(0, key.find('.')) == name; };
    const bool known = std::ranges::find(kImported, name) != kImported.end() ||
                       std::ranges::any_of(server::setting_rows(), [&](const server::SettingRow& row) {
                         return begins(row.key) || begins(row.before.key);
                       });
    if (!known) unknown += fmt::format("{}{}", unknown.empty() ? "" : ", ", name);
  }
  if (unknown.empty()) return {};
  return fmt::format(
      "{}: Unknown setting. Expected [[project]], [[environment]], [[flag]] and [[destination]]; settings of the "
      "server, "
      "such as [intake], are not imported.",
      unknown);
}

int import(const CatalogArguments& given) {
  const auto text = read_text_file(given.file, kMaxImportBytes);
  if (!text)
    return refuse(fmt::format("The file cannot be imported: {}. Expected a configuration file.", text.error().message),
                  2);
  const auto read = config::json_of_toml(*text, given.file);
  if (!read) return refuse(read.error().message, 2);
  if (const std::string fault = fault_of_tables(*read); !fault.empty())
    return refuse(fmt::format("{}: {}", given.file, fault), 2);
  ordered_json lists = ordered_json::object();
  for (const char* list : kImported)
    if (read->contains(list)) lists[list] = (*read)[list];
  int status = 0;
  const auto answer = call(given, "POST", "import", lists, status);
  if (!answer) return status;
  if (given.json) {
    print_json(answer->dump() + "\n");
  } else {
    std::printf("Imported %s: %d created, %d changed, %d unchanged.\n", given.file.c_str(), answer->value("created", 0),
                answer->value("changed", 0), answer->value("unchanged", 0));
  }
  return 0;
}

int export_to(const CatalogArguments& given) {
  int status = 0;
  const auto answer = call(given, "GET", "export", std::nullopt, status);
  if (!answer) return status;
  const std::string text = given.json ? answer->dump(2) + "\n" : config::toml_of_json(*answer);
  if (given.file.empty()) {
    print_json(text);
    return 0;
  }
  const mode_t before = umask(0077);  // it holds keys
  std::ofstream file(given.file);
  umask(before);
  file << text;
  file.close();
  if (!file) return refuse(fmt::format("{} cannot be written.", given.file), kRefused);
  return 0;
}

int back_up(const CatalogArguments& given) {
  int status = 0;
  const auto answer = call(given, "POST", "backup", std::nullopt, status);
  if (!answer) return status;
  const std::string path = answer->value("path", "");
  std::fputs(given.json ? (answer->dump() + "\n").c_str()
                        : fmt::format("The catalog was copied to {} on the server. To restore it, stop the server and "
                                      "replace catalog.db with it, and remove catalog.db-wal and catalog.db-shm if "
                                      "they are there.\n",
                                      path)
                              .c_str(),
             stdout);
  return 0;
}

int policy(const CatalogArguments& given) {
  ordered_json config = ordered_json::object();
  for (const auto& [name, value] : given.settings)
    if (!value.empty()) config[name] = value;
  int status = 0;
  const auto answer = call(
      given, "POST",
      fmt::format("destinations/{}/{}/policies", percent_encoded(given.project), percent_encoded(given.environment)),
      ordered_json{{"config", config}}, status);
  if (!answer) return status;
  if (given.json) {
    print_json(answer->dump() + "\n");
    return 0;
  }
  for (const auto& [name, title] :
       {std::pair{"permissionPolicy", "Attach to the role, so that it may put records into the stream"},
        {"trustPolicy", "Trust policy of the role, so that Sluice may assume it"},
        {"assumeRolePolicy", "Attach to the identity that Sluice runs as, so that it may assume the role"}})
    if (answer->contains(name)) std::printf("%s:\n%s\n\n", title, terminal_text((*answer)[name].dump(2)).c_str());
  if (!answer->value("principalKnown", false))
    std::puts("Sluice does not know its own AWS identity yet. Replace the placeholder with it.");
  return 0;
}

CLI::App* add(CLI::App& app, const char* name, const char* help, std::shared_ptr<CatalogArguments>& given,
              std::function<int()>& chosen, int (*run)(const CatalogArguments&)) {
  CLI::App* command = app.add_subcommand(name, help);
  given = std::make_shared<CatalogArguments>();
  add_server_options(*command, given->server);
  command->add_flag("--json", given->json, "The server's answer as JSON");
  command->callback([given, run, &chosen] { chosen = [given, run] { return run(*given); }; });
  return command;
}

}  // namespace

void add_catalog_commands(CLI::App& app, std::function<int()>& chosen) {
  std::shared_ptr<CatalogArguments> given;
  add(app, "import", "Import what a configuration file declares; the rest stays", given, chosen, import)
      ->add_option("FILE", given->file, "Its [[project]], [[environment]], [[flag]], [[destination]]")
      ->required()
      ->type_name("");
  add(app, "export", "Export the server's catalog as a configuration file", given, chosen, export_to)
      ->add_option("--output", given->file, "Write to this file, readable only by you")
      ->type_name("FILE");
  add(app, "backup", "Copy the server's catalog while it runs", given, chosen, back_up);
  CLI::App* policies = add(app, "policy", "Print the IAM policies for a new destination", given, chosen, policy);
  policies->add_option("PROJECT", given->project)->required()->type_name("");
  policies->add_option("ENVIRONMENT", given->environment)->required()->type_name("");
  for (const auto& [flag, name, help] : {std::tuple{"--region", "region", "The stream's AWS region"},
                                         {"--stream", "streamName", "The data stream's name"},
                                         {"--role-arn", "roleArn", "The role to assume"},
                                         {"--external-id", "externalId", "Required by the role's trust policy"}})
    policies->add_option(flag, given->settings[name], help)->type_name("VALUE");
}

}  // namespace sluice::cli
