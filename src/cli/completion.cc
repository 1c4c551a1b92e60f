#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

namespace sluice::cli {
namespace {

// What may follow "sluice", "sluice destination" and so on.
void collect(const CLI::App& app, const std::string& path, std::map<std::string, std::string>& words) {
  std::string& here = words[path];
  const auto add = [&](const std::string& word) { here += (here.empty() ? "" : " ") + word; };
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    add(sub->get_name());
    collect(*sub, path + " " + sub->get_name(), words);
  }
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) words[path] += (words[path].empty() ? "--" : " --") + name;
}

constexpr const char* kBashHead = R"(# Completion of sluice for bash: source <(sluice completion bash)
_sluice() {
  local path=sluice word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || case "$path $word" in
)";
constexpr const char* kBashMiddle = R"(    esac
  done
  case "$path" in
)";
constexpr const char* kBashTail = R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _sluice sluice
)";

std::string bash_script(const std::map<std::string, std::string>& words) {
  std::string out = kBashHead;
  for (const auto& [path, options] : words)
    if (path != "sluice") out += fmt::format("      '{}') path='{}' ;;\n", path, path);
  out += kBashMiddle;
  for (const auto& [path, options] : words) out += fmt::format("    '{}') local words='{}' ;;\n", path, options);
  return out + kBashTail;
}

std::string fish_script(const std::map<std::string, std::string>& words) {
  std::string out = "# Completion of sluice for fish: sluice completion fish | source\n";
  for (const auto& [path, options] : words) {
    std::string condition = "__fish_use_subcommand";
    std::string rest = path.substr(std::min<std::size_t>(path.size(), 7));
    if (!rest.empty()) {
      std::replace(rest.begin(), rest.end(), ' ', ';');
      condition.clear();
      for (std::size_t at = 0; at < rest.size();) {
        const std::size_t end = std::min(rest.find(';', at), rest.size());
        condition += fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ",
                                 rest.substr(at, end - at));
        at = end + 1;
      }
    }
    out += fmt::format("complete -c sluice -n '{}' -a '{}'\n", condition, options);
  }
  return out;
}

int run(const CLI::App& app, const std::string& shell) {
  std::map<std::string, std::string> words;
  collect(app, "sluice", words);
  if (shell == "zsh") std::puts("autoload -U +X bashcompinit && bashcompinit");
  std::fputs((shell == "fish" ? fish_script(words) : bash_script(words)).c_str(), stdout);
  return 0;
}

}  // namespace

void add_completion_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App* command = app.add_subcommand("completion", "A script for your shell: source <(sluice completion bash)");
  const auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->type_name("")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&app, shell, &chosen] { chosen = [&app, shell] { return run(app, *shell); }; });
}

}  // namespace sluice::cli
