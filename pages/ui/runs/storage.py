"""The caches that Anneal keeps on disk, clearing them, and a check for what is half-written or stale."""

import pandas as pd
import streamlit as st

from core.upkeep import caches
from core.upkeep.check import check, remove
from core.workspace import Workspace
from pages.ui.errors import shown
from pages.ui.runs.chosen_rows import chosen_rows
from pages.ui.text import plain, size_of

COLUMNS = {
    "kind": st.column_config.TextColumn("What"),
    "data": st.column_config.TextColumn("Data"),
    "size": st.column_config.NumberColumn("Image size", format="%d px"),
    "backbone": st.column_config.TextColumn("Model"),
    "images": st.column_config.NumberColumn("Images", format="localized"),
    "bytes": st.column_config.NumberColumn("On disk", format="bytes"),
    "used_by": st.column_config.TextColumn("Used by"),
}
FEW = ("kind", "data", "size", "bytes")


def storage(workspace: Workspace) -> None:
    """Pixels and activations on disk, and clearing those chosen."""
    kept = caches.list_caches(workspace)
    total = size_of(float(kept["bytes"].sum())) if len(kept) else "nothing"
    with st.expander(f"Caches on disk: {total}", icon=":material/hard_drive:", key="storage"):
        st.caption(
            "Decoded pixels and precomputed activations. Clearing them is safe: they are made again when needed, "
            "which takes a while. Runs and their weights are not touched."
        )
        if kept.empty:
            return
        rows = chosen_rows(
            _literal(kept),
            COLUMNS,
            FEW,
            key="caches-table",
            height=min(460, 38 + 35 * len(kept)),
            alt="Cached pixels and activations with their size on disk",
        )
        picked = kept.iloc[rows] if rows else kept
        label = f"Clear {'the chosen' if rows else 'all'} ({size_of(float(picked['bytes'].sum()))})"
        if st.button(label, icon=":material/mop:", key="clear-caches"):
            with shown() as outcome:
                caches.clear(workspace, list(picked["key"]))
            if outcome.ok:
                st.toast("Cleared.", icon=":material/check:")
                st.rerun()


def _literal(kept: pd.DataFrame) -> pd.DataFrame:
    words = {
        name: kept[name].map(lambda value: plain(value) if value else "") for name in ("data", "backbone", "used_by")
    }
    return kept.assign(**words)


def damage(workspace: Workspace) -> None:
    """A check of the whole workspace, made when it is opened."""
    box = st.expander("Check for damage", icon=":material/health_and_safety:", on_change="rerun", key="damage")
    if not box.open:
        return
    with box, st.spinner("Looking through the workspace"):
        found = check(workspace)
        if not found:
            st.success("Nothing is half-written or stale.", icon=":material/check_circle:")
            return
        rows = [(plain(one.path.relative_to(workspace.root), 80), one.what, one.advice) for one in found]
        table = pd.DataFrame(rows, columns=["File", "What", "What to do"])
        st.dataframe(table, hide_index=True, alt="Files that are half-written or stale, and what to do")
        removable = [one for one in found if one.removable]
        if removable and st.button(f"Delete the {len(removable)} that are safe to delete", icon=":material/mop:"):
            with shown() as outcome:
                count = remove(workspace, removable)
            if outcome.ok:
                st.toast(f"Deleted {count}.", icon=":material/check:")
                st.rerun()
