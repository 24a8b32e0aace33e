#include "arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kGap = 2;
constexpr std::size_t kLabelColumnsMax = 28;  // a longer label has its description on the next line
constexpr std::size_t kLineColumnsMax = 100;

struct Row {
  std::string label;
  std::string description;
};

std::string table(const std::string& title, const std::vector<Row>& rows) {
  if (rows.empty()) return "";
  std::size_t width = 0;
  for (const Row& row : rows)
    if (row.label.size() <= kLabelColumnsMax) width = std::max(width, row.label.size());
  std::size_t indent = kIndent + width + kGap;
  std::string text = "\n" + title + ":\n";
  for (const Row& row : rows) {
    text += std::string(kIndent, ' ') + row.label;
    if (row.label.size() > width)
      text += "\n" + std::string(indent, ' ');
    else
      text += std::string(width - row.label.size() + kGap, ' ');
    text += wrapped(row.description, indent, kLineColumnsMax) + "\n";
  }
  return text;
}

// "-c, --collection NAME"; blanks if there is no short name.
std::string optionLabel(const CLI::Option& option) {
  std::string label = option.get_snames().empty() ? "    " : "-" + option.get_snames().front() + ", ";
  if (!option.get_lnames().empty()) label += "--" + option.get_lnames().front();
  if (option.get_items_expected_max() > 0) label += " " + option.get_type_name();
  return label;
}

std::string capitalized(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

class HelpText : public CLI::FormatterBase {
 public:
  HelpText(const std::vector<std::string>& notes, const std::vector<std::string>& examples)
      : notes_(notes), examples_(examples) {}

  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    std::vector<Row> positionals, options;
    std::string usage = "usage: blazedb " + app->get_name();
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_positional())
        positionals.push_back({option->get_name(true), option->get_description()});
      else
        options.push_back({optionLabel(*option), option->get_description()});
    }
    // CLI11 lists --help first; our help lists it last.
    std::rotate(options.begin(), options.begin() + 1, options.end());
    for (const CLI::Option* option : app->get_options())
      if (option->get_positional())
        usage += option->get_required() ? " " + option->get_name(true) : " [" + option->get_name(true) + "]";
    if (options.size() > 1) usage += " [OPTION...]";

    std::string text = usage + "\n\n" + capitalized(app->get_description()) + ".\n";
    text += table("arguments", positionals);
    text += table("options", options);
    for (const std::string& note : notes_) text += "\n" + wrapped(note, 0, kLineColumnsMax) + "\n";
    text += examples_.size() > 1 ? "\nexamples:\n" : "\nexample:\n";
    for (const std::string& example : examples_) text += "  " + example + "\n";
    return text;
  }

 private:
  const std::vector<std::string>& notes_;
  const std::vector<std::string>& examples_;
};

std::string namesOf(const std::vector<std::string>& allowed) { return CLI::detail::join(allowed, "|"); }

CLI::Validator oneOf(const std::vector<std::string>& allowed) {
  auto check = [allowed](const std::string& given) {
    bool known = std::find(allowed.begin(), allowed.end(), given) != allowed.end();
    return known ? std::string() : "'" + given + "' is not one of " + namesOf(allowed);
  };
  return CLI::Validator(check, "");
}

CLI::Validator notEmpty() {
  auto check = [](const std::string& given) {
    return given.empty() ? "the value is empty; leave the option out to get its default" : "";
  };
  return CLI::Validator(check, "");
}

// CLI11 begins its messages with a capital letter; ours follow a colon.
std::string asClause(std::string message) {
  if (message.size() > 1 && message[1] >= 'a' && message[1] <= 'z' && message[0] >= 'A' && message[0] <= 'Z')
    message[0] = static_cast<char>(message[0] - 'A' + 'a');
  return message;
}

}  // namespace

Arguments::Arguments(const std::string& command, const std::string& summary)
    : parser_(std::make_unique<CLI::App>(summary, command)) {
  parser_->set_help_flag("-h,--help", "print this text");
  parser_->formatter(std::make_shared<HelpText>(notes_, examples_));
}

Arguments::~Arguments() = default;

void Arguments::required(const std::string& name, std::string& target, const std::string& description) {
  parser_->add_option(name, target, description)->required();
}

void Arguments::requiredChoice(const std::string& name, const std::vector<std::string>& allowed, std::string& target,
                               const std::string& description) {
  parser_->add_option(name, target, description)->required()->check(oneOf(allowed));
}

void Arguments::requiredMany(const std::string& name, std::vector<std::string>& target,
                             const std::string& description) {
  parser_->add_option(name, target, description)->required()->expected(1, -1);
}

void Arguments::optional(const std::string& name, std::string& target, const std::string& description) {
  parser_->add_option(name, target, description);
}

void Arguments::optionalMany(const std::string& name, std::vector<std::string>& target,
                             const std::string& description) {
  parser_->add_option(name, target, description)->expected(0, -1);
}

void Arguments::option(const std::string& flags, const std::string& value, std::string& target,
                       const std::string& description) {
  parser_->add_option(flags, target, description)->check(notEmpty())->type_name(value);
}

void Arguments::list(const std::string& flags, const std::string& value, std::vector<std::string>& target,
                     const std::string& description) {
  parser_->add_option(flags, target, description)->check(notEmpty())->type_name(value)->allow_extra_args(false);
}

void Arguments::names(const std::string& flags, std::vector<std::string>& target, const std::string& description) {
  auto check = [](const std::string& given) {
    std::vector<std::string> names = splitAtCommas(given);
    bool named = std::find(names.begin(), names.end(), "") == names.end();
    return named ? std::string() : "a name in '" + given + "' is empty; leave the option out to get its default";
  };
  parser_
      ->add_option_function<std::string>(
          flags, [&target](const std::string& given) { target = splitAtCommas(given); }, description)
      ->check(CLI::Validator(check, ""))
      ->type_name("A,B");
}

void Arguments::number(const std::string& flags, const std::string& value, std::uint64_t& target,
                       const std::string& description) {
  readNumber(flags, value, description, [&target](std::uint64_t number) { target = number; });
}

void Arguments::number(const std::string& flags, const std::string& value, std::optional<std::uint64_t>& target,
                       const std::string& description) {
  readNumber(flags, value, description, [&target](std::uint64_t number) { target = number; });
}

// Not read by CLI11, which takes 010 for 8, 0x10 for 16, and a number that is too large for the largest.
void Arguments::readNumber(const std::string& flags, const std::string& value, const std::string& description,
                           const std::function<void(std::uint64_t)>& keep) {
  auto check = [](const std::string& given) {
    if (parseNumber(given)) return std::string();
    return "'" + given + "' is not a number; write only digits, such as 10";
  };
  parser_
      ->add_option_function<std::string>(
          flags, [keep](const std::string& given) { keep(*parseNumber(given)); }, description)
      ->check(notEmpty())
      ->check(CLI::Validator(check, ""))
      ->type_name(value);
}

void Arguments::choice(const std::string& flags, const std::vector<std::string>& allowed, std::string& target,
                       const std::string& description) {
  parser_->add_option(flags, target, description)->check(oneOf(allowed))->type_name(namesOf(allowed));
}

void Arguments::flag(const std::string& flags, bool& target, const std::string& description) {
  parser_->add_flag(flags, target, description);
}

void Arguments::exclusive(const std::vector<std::string>& flags) {
  for (const std::string& one : flags)
    for (const std::string& other : flags)
      if (one != other) parser_->get_option(one)->excludes(parser_->get_option(other));
}

void Arguments::note(const std::string& paragraph) { notes_.push_back(paragraph); }

void Arguments::example(const std::string& line) { examples_.push_back(line); }

bool Arguments::parse(std::vector<std::string> words) {
  for (const std::string& word : words)
    if (word == "--password" || word.starts_with("--password="))
      throw UsageError(
          "a password on the command line is visible to other users of this machine; use --password-file PATH, the "
          "variable BLAZEDB_PASSWORD, or type it when the terminal asks");
  std::reverse(words.begin(), words.end());  // CLI11 takes the words in reverse order
  try {
    parser_->parse(words);
    return true;
  } catch (const CLI::CallForHelp&) {
    print(parser_->help());
    return false;
  } catch (const CLI::ExtrasError& error) {
    std::vector<std::string> known;
    for (const CLI::Option* option : parser_->get_options())
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    std::string suggestion;
    for (const std::string& word : parser_->remaining())
      if (suggestion.empty() && word.starts_with("--")) suggestion = didYouMean(word.substr(0, word.find('=')), known);
    throw UsageError(asClause(error.what()) + suggestion + "; see blazedb " + parser_->get_name() + " --help");
  } catch (const CLI::ParseError& error) {
    throw UsageError(asClause(error.what()) + "; see blazedb " + parser_->get_name() + " --help");
  }
}

}  // namespace blazedb::cli
