-- Names given in Div classes become paragraph styles in Word and functions in typst (see memo.typ).
function Str(str)
  if FORMAT == "typst" then return pandoc.RawInline("typst", '#"' .. str.text:gsub('[\\"]', '\\%0') .. '"') end
end
local styles = {note = "Note", cover = "Summary Text", footing = "Footing"}
function Div(div)
  local name = div.classes[1]
  if FORMAT == "typst" then
    return pandoc.Blocks{pandoc.RawBlock("typst", "#" .. name .. "[")} .. div.content
      .. pandoc.Blocks{pandoc.RawBlock("typst", "]")}
  end
  div.attributes["custom-style"] = styles[name]
  return styles[name] and div or div.content
end
