-- Neovim's own language client, without plugins and without a window, as docs/editors.md sets it up: each thing that the
-- server offers is done through the client's public functions and its outcome printed as one line, `name: outcome`.
local server, file = vim.env.MSHARE_SERVER, vim.env.MSHARE_FILE

local function say(name, outcome)
  io.stdout:write(name .. ": " .. tostring(outcome):gsub("\n", "\\n") .. "\n")
end

--- Waits for a condition, not for a time: the limit is only for a server that never answers.
local function await(what, condition)
  if not vim.wait(60000, condition, 20) then
    say("failed", what)
    vim.cmd("cquit")
  end
end

vim.cmd("edit " .. file)
local client = vim.lsp.start_client({
  name = "mshare",
  cmd = { vim.env.MSHARE_NODE, server, "lsp", "--stdio" },
  root_dir = vim.fn.fnamemodify(file, ":p:h"),
})
vim.lsp.buf_attach_client(0, client)

local function diagnostics()
  return vim.diagnostic.get(0)
end
local function lines()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
end
local function ask(method, extra)
  local params = vim.tbl_extend("force", vim.lsp.util.make_position_params(), extra or {})
  local answers = vim.lsp.buf_request_sync(0, method, params, 60000)
  return answers and answers[client] and answers[client].result
end
local function cursor(line, column)
  vim.api.nvim_win_set_cursor(0, { line, column })
end

await("diagnostics", function() return #diagnostics() > 0 end)
for _, one in ipairs(diagnostics()) do
  say("diagnostic", (one.lnum + 1) .. " " .. one.code .. " " .. one.message)
end

-- The quick fix at the mistyped call.
cursor(3, 9)
local range = { start = { line = 2, character = 9 }, ["end"] = { line = 2, character = 9 } }
local actions = ask("textDocument/codeAction", { range = range, context = { diagnostics = {} } })
say("action", actions[1].title)
vim.lsp.util.apply_workspace_edit(actions[1].edit, vim.lsp.get_client_by_id(client).offset_encoding)
await("diagnostics gone", function() return #diagnostics() == 0 end)
say("line 3", vim.fn.getline(3))

cursor(3, 10)
say("hover", vim.lsp.util.convert_input_to_markdown_lines(ask("textDocument/hover").contents)[2])
cursor(4, 6)
local found = {}
for _, item in ipairs(ask("textDocument/completion")) do found[item.label] = true end
say("completion", (found.load and found.munmap) and "load and munmap" or "others")

cursor(4, 11)
vim.lsp.buf.rename("base")
await("rename", function() return lines():find("A: base ", 1, true) ~= nil end)
say("renamed", vim.fn.getline(4))

cursor(4, 11)
vim.lsp.buf.definition()
await("definition", function() return vim.api.nvim_win_get_cursor(0)[1] == 3 end)
say("definition", "line 3")

if vim.lsp.buf.format then vim.lsp.buf.format({ timeout_ms = 60000 }) else vim.lsp.buf.formatting_sync(nil, 60000) end
await("format", function() return lines():find("A:   load", 1, true) == nil end)
say("formatted", vim.fn.getline(4))
vim.cmd("qall!")
