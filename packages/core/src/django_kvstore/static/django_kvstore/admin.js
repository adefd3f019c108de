/* The box in the table's head that chooses every row, hidden where there is no JavaScript. */
"use strict";
{
    const all = document.getElementById("kvstore-all");
    const boxes = [...document.querySelectorAll("#result_list .action-select")];
    if (all && boxes.length) {
        const look = () => {
            const chosen = boxes.filter((box) => box.checked).length;
            all.checked = chosen === boxes.length;
            all.indeterminate = chosen > 0 && chosen < boxes.length;
        };
        all.hidden = false;
        all.addEventListener("change", () => boxes.forEach((box) => (box.checked = all.checked)));
        boxes.forEach((box) => box.addEventListener("change", look));
        look();
    }
}
