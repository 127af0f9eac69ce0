/*
 * A module for OpenIPMI's ipmi_sim: it answers DCMI's Get Power Reading (DCMI 1.5, 6.6.1), which
 * ipmi_sim itself does not know. What it says stands in a file: watts, and 1 while it measures.
 * Without the file it answers as a controller without DCMI.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <OpenIPMI/msg.h>
#include <OpenIPMI/mcserv.h>

enum { DCMI = 0xdc, GET_POWER_READING = 0x02, INVALID_COMMAND = 0xc1, LENGTH = 19 };

static char path[1024];

static void put16(unsigned char *at, unsigned value)
{
    at[0] = value & 0xff;
    at[1] = value >> 8 & 0xff;
}

static void answer(lmc_data_t *mc, msg_t *msg, unsigned char *reply, unsigned int *length, void *data)
{
    unsigned watts = 0, measures = 0;
    FILE *file = fopen(path, "r");
    int found = file != NULL && fscanf(file, "%u %u", &watts, &measures) == 2;

    (void)mc;
    (void)data;
    if (file != NULL)
        fclose(file);
    if (msg->cmd != GET_POWER_READING || !found) {
        reply[0] = INVALID_COMMAND;
        *length = 1;
        return;
    }
    memset(reply, 0, LENGTH);
    reply[1] = DCMI;
    put16(reply + 2, watts);
    put16(reply + 4, watts / 2);
    put16(reply + 6, watts + 100);
    put16(reply + 8, watts + 1);
    put16(reply + 14, 1000); /* sampling period, ms */
    reply[18] = measures ? 0x40 : 0;
    *length = LENGTH;
}

int ipmi_sim_module_print_version(sys_data_t *sys, char *options)
{
    (void)sys;
    (void)options;
    return 0;
}

int ipmi_sim_module_init(sys_data_t *sys, const char *options)
{
    (void)sys;
    snprintf(path, sizeof path, "%s", options);
    ipmi_emu_register_group_extension_handler(DCMI, answer, NULL);
    return 0;
}
