// Runs Lua scripts as Argo CD does: on gopher-lua, with the base, table and package libraries and of os only time and date.
//
// Standard input is JSON: a list of {"script": text, "obj": object}. Each script sees its object as the global obj.
// Standard output is JSON: for each script {"value": what it returned} or {"error": why it failed}.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"
)

const longest = time.Second

type run struct {
	Script string `json:"script"`
	Obj    any    `json:"obj"`
}

type outcome struct {
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

func main() {
	var runs []run
	if err := json.NewDecoder(os.Stdin).Decode(&runs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	outcomes := make([]outcome, 0, len(runs))
	for _, each := range runs {
		value, err := evaluate(each)
		if err != nil {
			outcomes = append(outcomes, outcome{Error: err.Error()})
			continue
		}
		outcomes = append(outcomes, outcome{Value: value})
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcomes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func evaluate(what run) (any, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	libraries := map[string]lua.LGFunction{
		lua.BaseLibName: lua.OpenBase, lua.LoadLibName: lua.OpenPackage, lua.TabLibName: lua.OpenTable,
	}
	for _, name := range []string{lua.LoadLibName, lua.BaseLibName, lua.TabLibName} {
		state.Push(state.NewFunction(libraries[name]))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	narrowOS(state)
	state.SetGlobal("obj", toLua(state, what.Obj))
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	state.SetContext(ctx)
	if err := state.DoString(what.Script); err != nil {
		return nil, err
	}
	return fromLua(state.Get(-1)), nil
}

func narrowOS(state *lua.LState) {
	state.Push(state.NewFunction(lua.OpenOs))
	state.Push(lua.LString(lua.OsLibName))
	state.Call(1, 0)
	whole := state.GetGlobal(lua.OsLibName).(*lua.LTable)
	narrow := state.NewTable()
	for _, name := range []string{"time", "date"} {
		narrow.RawSetString(name, whole.RawGetString(name))
	}
	state.SetGlobal(lua.OsLibName, narrow)
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case float64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, each := range value {
			table.Append(toLua(state, each))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for key, each := range value {
			table.RawSetString(key, toLua(state, each))
		}
		return table
	}
	return lua.LNil
}

func fromLua(value lua.LValue) any {
	switch value := value.(type) {
	case lua.LBool:
		return bool(value)
	case lua.LNumber:
		return float64(value)
	case lua.LString:
		return string(value)
	case *lua.LTable:
		if length := value.MaxN(); length > 0 {
			list := make([]any, 0, length)
			for at := 1; at <= length; at++ {
				list = append(list, fromLua(value.RawGetInt(at)))
			}
			return list
		}
		object := map[string]any{}
		value.ForEach(func(key, each lua.LValue) { object[key.String()] = fromLua(each) })
		return object
	}
	return nil
}
